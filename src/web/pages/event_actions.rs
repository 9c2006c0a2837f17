//! The action items on the page of their event, and writing one down there.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Shell, refusal, render};
use crate::{
    domain::{
        action_item::{ActionItem, ActionState, PRIORITIES},
        actor::Permission,
        checked::FieldError,
    },
    i18n::{
        Texts,
        actions::{self as texts, ActionTexts},
    },
    service::{
        App, ServiceError, accounts,
        action_items::{self, ActionPatch, Listed, Person},
        events::{Created, Once},
        idempotency::KeptAnswer,
        secrets,
    },
    web::{
        api::{action_items::priority_of, number_of},
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// A row of a list of items.
pub(super) struct ActionRow {
    pub number: i64,
    pub title: String,
    pub state: &'static str,
    /// Colour class of the state.
    pub tone: &'static str,
    pub due: String,
    /// `late`, `soon` or empty.
    pub due_tone: &'static str,
    /// `逾期 3 天`; empty where it is not.
    pub late: String,
    pub owner: String,
    pub team: String,
    pub priority: &'static str,
    pub event: String,
    pub event_number: i64,
}

/// The row of an item; on the page of its event, without naming the event.
pub(super) fn row(app: &App, t: &'static Texts, listed: &Listed, with_event: bool) -> ActionRow {
    let item = &listed.item;
    let (chinese, w) = (t.lang == "zh-CN", texts::words(t));
    let today = app.today();
    let late = item.fields.due_on.filter(|_| item.is_overdue(today)).map(|due| (today - due).num_days());
    let due_tone = match item.fields.due_on {
        _ if item.state.is_closed() => "",
        Some(due) if due < today => "late",
        Some(due) if due == today => "soon",
        _ => "",
    };
    ActionRow {
        number: item.number,
        title: item.fields.title.clone(),
        state: texts::state(item.state, chinese),
        tone: match item.state {
            ActionState::Open => "",
            ActionState::InProgress => "going",
            ActionState::InVerification => "check",
            ActionState::Done => "ok",
            ActionState::WontDo => "off",
        },
        due: item.fields.due_on.map(|due| due.format("%Y/%m/%d").to_string()).unwrap_or_default(),
        due_tone,
        late: match late {
            Some(days) if chinese => format!("{} {days} {}", w.overdue, w.days_late),
            Some(days) => format!("{days} {}", w.days_late),
            None => String::new(),
        },
        owner: listed.owner.clone().unwrap_or_else(|| t.nobody.to_owned()),
        team: listed.team.clone().unwrap_or_default(),
        priority: texts::priority(item.fields.priority, chinese),
        event: if with_event { listed.event.label() } else { String::new() },
        event_number: listed.event.number,
    }
}

/// The fields of an item as typed.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ActionForm {
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) priority: String,
    pub(super) owner: String,
    pub(super) team: String,
    pub(super) due_on: String,
    pub(super) ticket_url: String,
}

impl ActionForm {
    /// An empty form.
    pub(super) fn new() -> Self {
        Self { priority: "medium".to_owned(), ..Self::default() }
    }

    /// What differs from the form as it was shown.
    pub(super) fn patch(&self, was: &Self) -> Result<ActionPatch, FieldError> {
        let text = |now: &str, was: &str| {
            (now.trim() != was.trim()).then(|| Some(now.trim().to_owned()).filter(|text| !text.is_empty()))
        };
        let due_on = match text(&self.due_on, &was.due_on) {
            None => None,
            Some(None) => Some(None),
            Some(Some(day)) => {
                Some(Some(day.parse().map_err(|_| FieldError::shape("due_on", "write a day like 2024-08-27"))?))
            }
        };
        let owner = match text(&self.owner, &was.owner) {
            None => None,
            Some(None) => Some(None),
            Some(Some(id)) => {
                let id = Uuid::parse_str(&id).map_err(|_| FieldError::shape("owner", "choose a person"))?;
                Some(Some(Person::Id(id)))
            }
        };
        Ok(ActionPatch {
            title: (self.title.trim() != was.title.trim()).then(|| self.title.clone()),
            detail: text(&self.detail.replace("\r\n", "\n"), &was.detail),
            priority: if self.priority == was.priority { None } else { Some(priority_of(&self.priority)?) },
            owner,
            team: text(&self.team, &was.team),
            due_on,
            ticket_url: text(&self.ticket_url, &was.ticket_url),
        })
    }
}

/// What the fields of the form can be chosen from.
pub(super) struct Choices {
    pub people: Vec<(Uuid, String)>,
    pub teams: Vec<(Uuid, String)>,
    pub priorities: Vec<(&'static str, &'static str)>,
}

impl Choices {
    pub(super) async fn load(app: &App, caller: &Caller, t: &'static Texts) -> Result<Self, ServiceError> {
        let chinese = t.lang == "zh-CN";
        Ok(Self {
            people: accounts::owners(app, &caller.actor).await?,
            teams: action_items::team_names(app, &caller.actor).await?,
            priorities: PRIORITIES.into_iter().map(|one| (one.code(), texts::priority(one, chinese))).collect(),
        })
    }
}

#[derive(Template)]
#[template(path = "event_actions.html")]
struct Panel<'a> {
    shell: &'a Shell,
    w: &'static ActionTexts,
    number: i64,
    key: Uuid,
    rows: Vec<ActionRow>,
    closed: usize,
    may_write: bool,
    form: ActionForm,
    people: Vec<(Uuid, String)>,
    teams: Vec<(Uuid, String)>,
    priorities: Vec<(&'static str, &'static str)>,
}

/// The panel of an event's page, as HTML.
pub(super) async fn panel(app: &App, caller: &Caller, shell: &Shell, number: i64) -> Result<String, Problem> {
    let items = action_items::of_event(app, &caller.actor, number).await?;
    let choices = Choices::load(app, caller, shell.t).await?;
    let panel = Panel {
        shell,
        w: texts::words(shell.t),
        number,
        key: app.id(),
        rows: items.iter().map(|item| row(app, shell.t, item, false)).collect(),
        closed: items.iter().filter(|listed| listed.item.state.is_closed()).count(),
        may_write: caller.actor.may(Permission::WriteActionItem),
        form: ActionForm::new(),
        people: choices.people,
        teams: choices.teams,
        priorities: choices.priorities,
    };
    panel.render().map_err(|error| {
        tracing::error!(%error, "a panel could not be rendered");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "page", "the page cannot be shown; the log names the cause")
    })
}

#[derive(Template)]
#[template(path = "action_new.html")]
struct NewPage {
    shell: Shell,
    w: &'static ActionTexts,
    number: i64,
    key: Uuid,
    message: String,
    form: ActionForm,
    people: Vec<(Uuid, String)>,
    teams: Vec<(Uuid, String)>,
    priorities: Vec<(&'static str, &'static str)>,
}

/// A new item as typed.
#[derive(Debug, Deserialize)]
pub struct NewForm {
    #[serde(flatten)]
    fields: ActionForm,
    /// Made with the form: pressing the button twice writes one item.
    #[serde(default)]
    key: String,
}

/// Writes down an item. A refusal shows what was typed and why.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<NewForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let NewForm { fields, key } = form.into_inner();
    let once = (!key.is_empty()).then(|| Once {
        key,
        request_hash: secrets::hash_bytes(format!("action of {number}\n{fields:?}").as_bytes()),
        answer: Arc::new(move |_: &ActionItem| KeptAnswer {
            request_hash: String::new(),
            status: 303,
            body: String::new(),
            etag: None,
            location: Some(format!("/e/{number}#actions")),
        }),
    });
    let made = match fields.patch(&ActionForm::new()) {
        Ok(patch) => action_items::create(&app, &caller.actor, number, patch, once).await,
        Err(error) => Err(error.into()),
    };
    match made {
        Ok(Created::New(_) | Created::Before(_)) => Ok(super::redirect(&format!("/e/{number}#actions"))),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Conflict(_))) => {
            let shell = Shell::of(&app, &request, &caller, "events").await?;
            let choices = Choices::load(&app, &caller, shell.t).await?;
            let page = NewPage {
                w: texts::words(shell.t),
                number,
                key: app.id(),
                message: refusal(shell.t, error),
                form: fields,
                people: choices.people,
                teams: choices.teams,
                priorities: choices.priorities,
                shell,
            };
            render(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}
