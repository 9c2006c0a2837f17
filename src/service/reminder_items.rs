//! What may be reminded of, and who can be: gathered for planning, for sending, and for forecasts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Duration, NaiveDate};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{App, ServiceError, events, grading, policies};
use crate::{
    domain::{
        action_item::ActionItem,
        actor::{Role, TeamScope},
        checked,
        clock_point::Precision,
        completeness::{self, Requirements},
        event::{ProductionEvent, Source},
        event_record::EventKind,
        iso_week::IsoWeek,
        notifier::{Notifier, Topic},
        reminder::{
            digest::shortened,
            plan::{Item, People},
            policy::{ReminderPolicy, Subject},
        },
        severity::SeverityPolicy,
        team::Team,
        visibility::Sight,
    },
    store::{self, accounts::Account, reminders::ConnectionTrait},
};

/// Longest line of an event in a digest, in characters.
const LINE_LIMIT: usize = 72;

/// Days for which an event that goes on, or whose record lacks facts, is asked about: older ones are history.
pub(super) const ASKED_DAYS: i64 = 45;

/// Facts that are asked for whatever the policy of completeness says: without them an event is half-known.
const ASKED: [&str; 3] = ["occurred", "recovered", "impacts"];

/// Weeks back that may lack their report.
const WEEKS: usize = 3;

/// Who gets mail, in which words, and which groups are told of what is pending.
pub(super) struct Directory {
    /// People, and addresses of the policy, by their ids.
    pub accounts: HashMap<Uuid, Account>,
    /// Groups by the ids of their notifiers.
    pub groups: HashMap<Uuid, Notifier>,
    /// What planning knows of them.
    pub people: People,
}

/// Active accounts get mail. Leads are the accounts with that role; where there are none, the administrators.
pub(super) async fn directory(
    connection: &impl ConnectionTrait,
    policy: &ReminderPolicy,
) -> Result<Directory, ServiceError> {
    let (accounts, teams) = (store::accounts::list(connection).await?, store::teams::all(connection).await?);
    directory_of(connection, policy, accounts, teams).await
}

/// The same with these people alone, besides everyone whom the policy may name: a mail that is looked at again asks for no
/// list of all accounts.
pub(super) async fn directory_about(
    connection: &impl ConnectionTrait,
    policy: &ReminderPolicy,
    mut people: BTreeSet<Uuid>,
) -> Result<Directory, ServiceError> {
    let teams = store::teams::all(connection).await?;
    people.extend(teams.iter().filter_map(|team| team.fields.lead));
    let accounts = if policy.addresses().is_empty() {
        store::accounts::those_and_leads(connection, &people).await?
    } else {
        store::accounts::list(connection).await?
    };
    directory_of(connection, policy, accounts, teams).await
}

async fn directory_of(
    connection: &impl ConnectionTrait,
    policy: &ReminderPolicy,
    accounts: Vec<Account>,
    teams: Vec<Team>,
) -> Result<Directory, ServiceError> {
    let mut accounts: HashMap<Uuid, Account> = accounts.into_iter().map(|account| (account.id, account)).collect();
    let with_role = |role: Role| -> BTreeSet<Uuid> {
        accounts.values().filter(|account| account.active && account.role == role).map(|account| account.id).collect()
    };
    let (leads, admins) = (with_role(Role::Lead), with_role(Role::Admin));
    let leads = if leads.is_empty() { admins.clone() } else { leads };
    let mut addresses = BTreeMap::new();
    for address in policy.addresses() {
        let owner = accounts.values().find(|account| checked::fold(&account.email) == address);
        let id = owner.map_or_else(|| id_of_address(&address), |account| account.id);
        if owner.is_none() {
            accounts.insert(id, stranger(id, &address));
        }
        addresses.insert(address, id);
    }
    let active = accounts.values().filter(|one| one.active).map(|one| (one.id, one.zone)).collect();
    let mut own_teams: BTreeMap<Uuid, BTreeSet<Uuid>> =
        accounts.values().filter(|one| one.actor().is_of_own_teams()).map(|one| (one.id, BTreeSet::new())).collect();
    for team in &teams {
        for person in team.fields.members.iter().chain(&team.fields.lead) {
            if let Some(own) = own_teams.get_mut(person) {
                own.insert(team.id);
            }
        }
    }
    let team_leads = teams.into_iter().filter_map(|team| Some((team.id, team.fields.lead?))).collect();
    let names = policy.notifiers();
    let (mut groups, mut asked, mut named_groups) = (HashMap::new(), Vec::new(), BTreeMap::new());
    for notifier in store::notifiers::enabled(connection).await? {
        let (id, fields) = (notifier.id, &notifier.fields);
        let subscribed = fields.topics.contains(&Topic::PostmortemPending);
        let name = Some(checked::fold(&fields.name)).filter(|name| names.contains(name));
        asked.extend(subscribed.then_some((id, fields.team_id)));
        named_groups.extend(name.clone().map(|name| (name, (id, fields.team_id))));
        if subscribed || name.is_some() {
            groups.insert(id, notifier);
        }
    }
    let people = People { active, leads, admins, own_teams, team_leads, addresses, groups: asked, named_groups };
    Ok(Directory { accounts, groups, people })
}

/// The id of an address that is nobody's account: the same however often it is made.
fn id_of_address(address: &str) -> Uuid {
    let hash = Sha256::digest(address.as_bytes());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.iter()) {
        *to = *from;
    }
    Uuid::from_bytes(bytes)
}

/// Whether a recipient is an address that is nobody's account: there is nobody who could act by a link.
pub(super) fn is_stranger(id: Uuid, email: &str) -> bool {
    id == id_of_address(&checked::fold(email))
}

/// What a digest needs to know of an address that is nobody's account. It never signs in.
fn stranger(id: Uuid, address: &str) -> Account {
    Account {
        id,
        email: address.to_owned(),
        name: address.split('@').next().unwrap_or_default().to_owned(),
        role: Role::Viewer,
        password_hash: None,
        lang: "zh-CN".to_owned(),
        zone: None,
        active: true,
        created_at: 0,
        second_factor_at: None,
        team_scope: TeamScope::All,
        version: 0,
    }
}

/// What gathering needs to know besides the events.
pub(super) struct Gatherer {
    levels: SeverityPolicy,
    requirements: Option<Requirements>,
    actions: bool,
    today: NaiveDate,
    /// Whether somebody sees the events of their own teams alone.
    own_teams: bool,
}

impl Gatherer {
    /// Reads what the rules that are switched on need.
    pub async fn of(
        app: &App,
        connection: &impl ConnectionTrait,
        policy: &ReminderPolicy,
    ) -> Result<Self, ServiceError> {
        let requirements = if policy.is_about(Subject::IncompleteEvent) {
            Some(policies::load(connection, completeness::POLICY.name).await?)
        } else {
            None
        };
        Ok(Self {
            levels: grading::levels(connection).await?,
            requirements,
            actions: policy.is_about(Subject::Action) || policy.is_about(Subject::ActionAssign),
            today: app.today(),
            own_teams: store::accounts::any_of_own_teams(connection).await?,
        })
    }

    /// Everything that may be reminded of about these events, and what was put off of it.
    pub async fn of_events(
        &self,
        app: &App,
        connection: &impl ConnectionTrait,
        ids: &[Uuid],
    ) -> Result<Vec<Item>, ServiceError> {
        let events = store::events::by_ids(connection, ids).await?;
        let mut items: Vec<Item> = events.iter().flat_map(|event| self.of_event(app, event)).collect();
        if self.actions {
            let by_id: HashMap<Uuid, &ProductionEvent> = events.iter().map(|event| (event.id, event)).collect();
            for chunk in ids.chunks(500) {
                let found = store::action_items::of_events(connection, chunk, Sight::All).await?;
                items.extend(
                    found
                        .iter()
                        .filter_map(|action| Some((action, *by_id.get(&action.event_id)?)))
                        .flat_map(|(action, event)| self.of_action(app, action, event)),
                );
            }
        }
        let named: BTreeSet<Uuid> = items.iter().map(|item| item.id).collect();
        let named: Vec<Uuid> = named.into_iter().collect();
        let holds = store::reminders::holds(connection, &named).await?;
        let of_teams = if self.own_teams { store::sight::teams_of(connection, ids).await? } else { HashMap::new() };
        for item in &mut items {
            item.of_teams = item.event.and_then(|event| of_teams.get(&event).cloned()).unwrap_or_default();
            item.hush(holds.get(&item.id).map(|hold| (hold.since, hold.until)));
        }
        Ok(items)
    }

    /// The postmortem of an event, as a thing that is reminded of.
    pub fn postmortem(&self, app: &App, event: &ProductionEvent) -> Item {
        let due_on = event.postmortem.due_on;
        let due_on = due_on.unwrap_or_else(|| events::due_of(app, &self.levels, &event.fields, event.created_at));
        Item { state: event.postmortem.state.code(), due_on, ..self.about(app, event, Subject::Postmortem) }
    }

    fn about(&self, app: &App, event: &ProductionEvent, subject: Subject) -> Item {
        let when = event.fields.occurred.map(|point| {
            let local = point.at.with_timezone(&app.zone);
            match point.precision {
                Precision::Minute => local.format("%m/%d %H:%M ").to_string(),
                Precision::Day => local.format("%m/%d ").to_string(),
            }
        });
        let team = app.calendars().team_of(&event.fields);
        let mut teams: Vec<Uuid> = event.fields.responsibility.iter().map(|part| part.team_id).collect();
        if teams.is_empty() {
            teams.extend(team);
        }
        let named: BTreeSet<Uuid> = event.fields.viewers.iter().copied().chain(event.created_by).collect();
        Item {
            subject,
            id: event.id,
            event: Some(event.id),
            number: event.number,
            line: shortened(&format!("{}{}", when.unwrap_or_default(), event.fields.narrative), LINE_LIMIT),
            severity: event.fields.severity.clone(),
            kind: event.fields.kind,
            state: "",
            teams,
            team,
            owner: event.postmortem.owner_id,
            due_on: self.today,
            readers: event.fields.restricted.then(|| named.clone()),
            of_teams: BTreeSet::new(),
            named,
            hushed_until: None,
            hushed_since: None,
            lacks: Vec::new(),
        }
    }

    fn of_event(&self, app: &App, event: &ProductionEvent) -> Vec<Item> {
        let mut items = Vec::new();
        if event.postmortem.state.is_owed() {
            items.push(self.postmortem(app, event));
        }
        let local = |millis: i64| DateTime::from_timestamp_millis(millis).unwrap_or_default().with_timezone(&app.zone);
        let young = |day: NaiveDate| self.today - day <= Duration::days(ASKED_DAYS);
        let who = event.postmortem.owner_id.or(event.created_by);
        let logged = local(event.created_at);
        let fields = &event.fields;
        if fields.recovered.is_none() && !fields.unknown.iter().any(|name| name == "recovered") {
            let began = fields.occurred.map_or(logged, |point| point.at.with_timezone(&app.zone)).date_naive();
            if young(began) {
                items.push(Item { owner: who, due_on: began, ..self.about(app, event, Subject::OpenEvent) });
            }
        }
        if let Some(requirements) = self.requirements.as_ref().filter(|_| event.source != Source::Import) {
            let day = (logged - Duration::hours(6)).date_naive();
            let missing = completeness::missing(fields, requirements);
            let lacks: Vec<&'static str> = missing
                .into_iter()
                .filter(|one| one.required || ASKED.contains(&one.field))
                .map(|question| question.field)
                .collect();
            if !lacks.is_empty() && young(day) {
                items.push(Item { owner: who, due_on: day, lacks, ..self.about(app, event, Subject::IncompleteEvent) });
            }
        }
        items
    }

    fn of_action(&self, app: &App, action: &ActionItem, event: &ProductionEvent) -> Vec<Item> {
        if action.state.is_closed() {
            return Vec::new();
        }
        let item = |subject, due_on| Item {
            id: action.id,
            number: action.number,
            line: shortened(&action.fields.title, LINE_LIMIT),
            state: action.state.code(),
            teams: action.fields.team_id.map_or_else(Vec::new, |team| vec![team]),
            team: action.fields.team_id,
            owner: action.fields.owner_id,
            due_on,
            ..self.about(app, event, subject)
        };
        let written = DateTime::from_timestamp_millis(action.created_at).unwrap_or_default();
        let written = written.with_timezone(&app.zone).date_naive();
        let mut items = Vec::new();
        if action.fields.owner_id.is_none() {
            items.push(item(Subject::ActionAssign, written));
        }
        items.extend(action.fields.due_on.map(|due| item(Subject::Action, due)));
        items
    }
}

/// The last weeks that are over and whose report is not published.
pub(super) async fn weeks(
    app: &App,
    connection: &impl ConnectionTrait,
    policy: &ReminderPolicy,
) -> Result<Vec<Item>, ServiceError> {
    if !policy.is_about(Subject::WeeklyReport) {
        return Ok(Vec::new());
    }
    let mut week = IsoWeek::of(app.today()).previous();
    let mut items = Vec::new();
    for _ in 0..WEEKS {
        if !store::publications::is_published(connection, week).await? {
            items.push(week_item(week));
        }
        week = week.previous();
    }
    Ok(items)
}

fn week_item(week: IsoWeek) -> Item {
    let number = i64::from(week.year()) * 100 + i64::from(week.number());
    Item {
        subject: Subject::WeeklyReport,
        id: Uuid::from_u128(u128::try_from(number).unwrap_or(0)),
        event: None,
        number,
        line: week.to_string(),
        severity: None,
        kind: EventKind::Normal,
        state: "",
        teams: Vec::new(),
        team: None,
        owner: None,
        due_on: week.sunday(),
        readers: None,
        of_teams: BTreeSet::new(),
        named: BTreeSet::new(),
        hushed_until: None,
        hushed_since: None,
        lacks: Vec::new(),
    }
}
