//! A notifier: a group of a chat tool, or a server, that messages go to.

use sea_orm::entity::prelude::*;

/// A row of `notifier`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notifier")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// Label.
    pub name: String,
    /// The folded label, unique.
    pub name_key: String,
    /// feishu, dingtalk, wecom, slack, webhook.
    pub tool: String,
    /// Where it sends to.
    pub url: String,
    /// Where a bot of Slack posts; none is an incoming webhook.
    pub channel: Option<String>,
    /// What messages are signed with, or the token of the bot.
    pub secret: Option<String>,
    /// What the group wants in each message.
    pub keyword: Option<String>,
    /// zh-CN or en.
    pub lang: String,
    /// Team; none means everything.
    pub team_id: Option<Uuid>,
    /// Codes with commas between them.
    pub topics: String,
    /// Messages go out.
    pub enabled: bool,
    /// Quiet hours, JSON; none where messages go at any hour.
    pub quiet: Option<String>,
    /// Milliseconds: how far earlier messages fill what the tool takes.
    pub filled_until: i64,
    /// Milliseconds.
    pub created_at: i64,
}

/// Without the address and the secret: both open the way to the group.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
