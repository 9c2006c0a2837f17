//! The list of action items by due week, and the page of one.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shell,
    event_actions::{ActionForm, ActionRow, Choices, row},
    home::range,
    redirect, refusal, render, rows,
};
use crate::{
    domain::{
        action_item::{ACTION_STATES, ActionState},
        actor::Permission,
        iso_week::IsoWeek,
        report::formats,
    },
    i18n::actions::{self as texts, ActionTexts},
    service::{
        App, ServiceError,
        action_items::{self, ActionFilter, Listed, Move},
        reminder_holds::Held,
    },
    web::{
        api::action_items::{ActionQuery, cursor_text, item_number, state_of},
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// The items of one due week, or the overdue ones.
struct Group {
    name: String,
    range: String,
    late: bool,
    rows: Vec<ActionRow>,
}

#[derive(Template)]
#[template(path = "actions.html")]
struct ActionsPage {
    shell: Shell,
    w: &'static ActionTexts,
    open: u64,
    overdue: u64,
    filtered: bool,
    state: String,
    states: Vec<(&'static str, &'static str)>,
    owner: String,
    team: String,
    people: Vec<(Uuid, String)>,
    teams: Vec<(Uuid, String)>,
    groups: Vec<Group>,
    next: String,
}

/// The list with its filters. Empty fields of the form do not filter.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let pairs: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
        .collect();
    let query = web::Query::<ActionQuery>::from_query(&pairs.join("&"))
        .map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the filter cannot be read: {error}"))
        })?
        .into_inner();
    let filter = query.filter(&app, &caller.actor).await?;
    let page = action_items::list(&app, &caller.actor, &filter, query.after()?, query.limit.unwrap_or(100)).await?;
    let todo = ActionFilter { states: action_items::open_states(), ..ActionFilter::default() };
    let open = action_items::count(&app, &caller.actor, &todo).await?;
    let overdue = action_items::count_overdue(&app, &caller.actor).await?;
    let shell = Shell::of(&app, &request, &caller, "actions").await?;
    let (t, w) = (shell.t, texts::words(shell.t));
    let chinese = t.lang == "zh-CN";
    let choices = Choices::load(&app, &caller, t).await?;
    let others: Vec<&str> = pairs.into_iter().filter(|pair| !pair.starts_with("cursor=")).collect();
    let glue = if others.is_empty() { "" } else { "&" };
    let next = page.next.map(|cursor| format!("/actions?{}{glue}cursor={}", others.join("&"), cursor_text(cursor)));
    let mut states = vec![("todo", w.todo)];
    states.extend(ACTION_STATES.into_iter().map(|one| (one.code(), texts::state(one, chinese))));
    states.push(("all", w.all));
    let page = ActionsPage {
        w,
        open,
        overdue,
        filtered: !others.is_empty(),
        state: query.state.unwrap_or_else(|| "todo".to_owned()),
        states,
        owner: query.owner.unwrap_or_default(),
        team: query.team.unwrap_or_default(),
        people: choices.people,
        teams: choices.teams,
        groups: groups(&app, &shell, w, &page.items),
        next: next.unwrap_or_default(),
        shell,
    };
    render(StatusCode::OK, &page)
}

/// Overdue ones first, then week by week, last those without a date: the order of the page.
fn groups(app: &App, shell: &Shell, w: &ActionTexts, items: &[Listed]) -> Vec<Group> {
    let today = app.today();
    let mut groups: Vec<Group> = Vec::new();
    for listed in items {
        let late = listed.item.is_overdue(today);
        let (name, range) = if late {
            (w.overdue.to_owned(), String::new())
        } else {
            listed
                .item
                .fields
                .due_on
                .map_or_else(|| (w.no_due.to_owned(), String::new()), |due| week_words(w, due, today))
        };
        if groups.last().is_none_or(|group| group.name != name) {
            groups.push(Group { name, range, late, rows: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.rows.push(row(app, shell.t, listed, true));
        }
    }
    groups
}

fn week_words(w: &ActionTexts, due: NaiveDate, today: NaiveDate) -> (String, String) {
    let week = IsoWeek::of(due);
    let name = if week.year() == IsoWeek::of(today).year() {
        format!("{}{}{}", w.week, week.number(), w.week_end)
    } else {
        format!("{} {}{}{}", week.year(), w.week, week.number(), w.week_end)
    };
    let now = if week == IsoWeek::of(today) { format!(" · {}", w.this_week) } else { String::new() };
    (name, format!("{}{now}", range(week)))
}

/// A step that can be taken.
struct StepForm {
    to: &'static str,
    words: &'static str,
    /// Nothing is to be said: a button.
    plain: bool,
    evidence: bool,
    reason: bool,
    /// It was refused, or it is the step that comes next.
    open: bool,
}

/// A step as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MoveForm {
    version: Option<i64>,
    to: String,
    reason: String,
    evidence: String,
}

/// An edit as typed.
#[derive(Debug, Deserialize)]
pub struct EditForm {
    #[serde(flatten)]
    fields: ActionForm,
    version: String,
    /// The form as it was shown, as JSON.
    #[serde(default)]
    was: String,
}

/// A version that a button was pressed on.
#[derive(Debug, Deserialize)]
pub struct Pressed {
    version: i64,
}

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage {
    shell: Shell,
    w: &'static ActionTexts,
    message: String,
    /// What was typed and has no field any more, because the item moved on.
    lost: String,
    you_wrote: &'static str,
    row: ActionRow,
    version: i64,
    event_title: String,
    due_why: &'static str,
    verifier: String,
    reason: String,
    detail: String,
    evidence: String,
    ticket: String,
    closed: bool,
    steps: Vec<StepForm>,
    typed: MoveForm,
    editing: bool,
    was: String,
    form: ActionForm,
    people: Vec<(Uuid, String)>,
    teams: Vec<(Uuid, String)>,
    priorities: Vec<(&'static str, &'static str)>,
    /// When, what, who, and why.
    history: Vec<(String, String, String, String)>,
    may_write: bool,
    may_delete: bool,
    /// What holds its reminders back, in words.
    held: Option<String>,
    remind_words: &'static crate::i18n::reminders::ReminderTexts,
    may_stop: bool,
}

/// What was refused, with what was typed.
#[derive(Default)]
struct Refused {
    message: String,
    edit: Option<(ActionForm, ActionForm)>,
    step: Option<MoveForm>,
}

/// The page of an item.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, item_number(&number)?, StatusCode::OK, Refused::default()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    status: StatusCode,
    refused: Refused,
) -> Result<HttpResponse, Problem> {
    let listed = action_items::get(app, &caller.actor, number).await?;
    let history = action_items::history(app, &caller.actor, number).await?;
    let shell = Shell::of(app, request, caller, "actions").await?;
    let (t, w) = (shell.t, texts::words(shell.t));
    let choices = Choices::load(app, caller, t).await?;
    let (item, role) = (&listed.item, caller.actor.role);
    let editing = refused.edit.is_some();
    let (form, was) = refused.edit.unwrap_or_else(|| (form_of(&listed), form_of(&listed)));
    let tried = refused.step.as_ref().map(|step| step.to.clone());
    let typed = refused
        .step
        .unwrap_or_else(|| MoveForm { evidence: item.evidence.clone().unwrap_or_default(), ..MoveForm::default() });
    let steps = steps(w, item.state, role.may(Permission::WaiveActionItem), tried.as_deref());
    let lost = if refused.message.is_empty() {
        String::new()
    } else if editing && item.state.is_closed() {
        unplaced_edit(&form, &was)
    } else {
        unplaced_step(&typed, &steps)
    };
    let own = item.verifier_id.is_some() && item.verifier_id == item.fields.owner_id;
    let page = ActionPage {
        message: refused.message,
        lost,
        you_wrote: crate::i18n::postmortem::words(t.lang == "zh-CN").you_wrote,
        row: row(app, t, &listed, true),
        version: item.version,
        event_title: listed.event.title(),
        due_why: match (item.fields.due_on, item.fields.due_fixed) {
            (None, _) => "",
            (_, true) => w.by_hand,
            (_, false) => w.by_policy,
        },
        verifier: match (&listed.verifier, own) {
            (Some(name), true) => format!("{name} · {}", w.self_verified),
            (Some(name), false) => name.clone(),
            (None, _) => String::new(),
        },
        reason: item.reason.clone().unwrap_or_default(),
        detail: item.fields.detail.as_deref().map(formats::html).unwrap_or_default(),
        evidence: item.evidence.as_deref().map(formats::html).unwrap_or_default(),
        ticket: item.fields.ticket_url.clone().unwrap_or_default(),
        closed: item.state.is_closed(),
        steps,
        typed,
        editing,
        was: serde_json::to_string(&was).unwrap_or_default(),
        form,
        people: choices.people,
        teams: choices.teams,
        priorities: choices.priorities,
        history: history
            .iter()
            .map(|entry| {
                let why = entry.change.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default();
                let what = rows::action(t, &entry.action);
                (rows::when(app, entry.at), what, entry.actor_name.clone(), why.to_owned())
            })
            .collect(),
        may_write: role.may(Permission::WriteActionItem),
        may_delete: role.may(Permission::DeleteActionItem),
        held: super::event::held(app, caller, t, Held::Action(number)).await?,
        remind_words: crate::i18n::reminders::texts(t.lang),
        may_stop: role.may(Permission::AssignPostmortem),
        w,
        shell,
    };
    render(status, &page)
}

/// What was typed for a step that cannot be taken any more.
fn unplaced_step(typed: &MoveForm, steps: &[StepForm]) -> String {
    let step = steps.iter().find(|step| step.to == typed.to);
    let texts = [
        (&typed.evidence, step.is_some_and(|step| step.evidence)),
        (&typed.reason, step.is_some_and(|step| step.reason)),
    ];
    let lost: Vec<&str> = texts.into_iter().filter(|(_, placed)| !placed).map(|(text, _)| text.trim()).collect();
    lost.join("\n").trim().to_owned()
}

/// What was changed in a form that is not shown any more.
fn unplaced_edit(typed: &ActionForm, was: &ActionForm) -> String {
    let fields = [
        (&typed.title, &was.title),
        (&typed.detail, &was.detail),
        (&typed.due_on, &was.due_on),
        (&typed.ticket_url, &was.ticket_url),
    ];
    let changed: Vec<&str> =
        fields.into_iter().filter(|(typed, was)| typed != was).map(|(typed, _)| typed.trim()).collect();
    changed.join("\n")
}

fn steps(w: &ActionTexts, from: ActionState, may_waive: bool, tried: Option<&str>) -> Vec<StepForm> {
    let mut steps: Vec<StepForm> = from
        .next()
        .filter(|to| *to != ActionState::WontDo || may_waive)
        .map(|to| {
            let (evidence, reason) = (to == ActionState::InVerification, from.needs_reason(to));
            let words = match (from, to) {
                (ActionState::InVerification, ActionState::InProgress) => w.send_back,
                (_, ActionState::InProgress) => w.start,
                (_, ActionState::InVerification) => w.hand_over,
                (_, ActionState::Done) => w.verify,
                (_, ActionState::WontDo) => w.wont_do,
                (_, ActionState::Open) => w.reopen,
            };
            let open =
                tried == Some(to.code()) || (from == ActionState::InProgress && to == ActionState::InVerification);
            StepForm { to: to.code(), words, plain: !evidence && !reason, evidence, reason, open }
        })
        .collect();
    // What everybody hopes for comes first.
    steps.sort_by_key(|step| step.to != ActionState::Done.code());
    steps
}

fn form_of(listed: &Listed) -> ActionForm {
    let fields = &listed.item.fields;
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    ActionForm {
        title: fields.title.clone(),
        detail: fields.detail.clone().unwrap_or_default(),
        priority: fields.priority.code().to_owned(),
        owner: id(fields.owner_id),
        team: id(fields.team_id),
        due_on: fields.due_on.filter(|_| fields.due_fixed).map(|due| due.to_string()).unwrap_or_default(),
        ticket_url: fields.ticket_url.clone().unwrap_or_default(),
    }
}

/// What this person changed, on top of the form as it stands now.
fn onto(typed: ActionForm, was: &ActionForm, now: ActionForm) -> ActionForm {
    let pick = |typed: String, was: &str, now: String| {
        if typed.replace("\r\n", "\n").trim() == was.trim() { now } else { typed }
    };
    ActionForm {
        title: pick(typed.title, &was.title, now.title),
        detail: pick(typed.detail, &was.detail, now.detail),
        priority: pick(typed.priority, &was.priority, now.priority),
        owner: pick(typed.owner, &was.owner, now.owner),
        team: pick(typed.team, &was.team, now.team),
        due_on: pick(typed.due_on, &was.due_on, now.due_on),
        ticket_url: pick(typed.ticket_url, &was.ticket_url, now.ticket_url),
    }
}

/// Edits an item. Where someone else was quicker, what was typed is shown again on top of what they wrote.
pub async fn edit(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<EditForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = item_number(&number)?;
    let EditForm { fields, version, was } = form.into_inner();
    let now = form_of(&action_items::get(&app, &caller.actor, number).await?);
    let was: ActionForm = serde_json::from_str(&was).unwrap_or_else(|_| now.clone());
    let version = version.parse().unwrap_or(0);
    let done = match fields.patch(&was) {
        Ok(patch) => action_items::update(&app, &caller.actor, number, version, patch).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(_) => Ok(redirect(&format!("/actions/{number}"))),
        Err(error @ ServiceError::Stale { .. }) => {
            let message = told(&app, &caller, number, error).await?;
            let edit = Some((onto(fields, &was, now.clone()), now));
            let refused = Refused { message, edit, ..Refused::default() };
            show(&app, &request, &caller, number, StatusCode::CONFLICT, refused).await
        }
        Err(error @ ServiceError::Invalid(_)) => {
            let message = refusal(super::words(&caller), error);
            let refused = Refused { message, edit: Some((fields, was)), ..Refused::default() };
            show(&app, &request, &caller, number, StatusCode::UNPROCESSABLE_ENTITY, refused).await
        }
        Err(other) => Err(other.into()),
    }
}

/// What is said of a refusal; of one that came too late also what happened meanwhile.
async fn told(app: &App, caller: &Caller, number: i64, error: ServiceError) -> Result<String, ServiceError> {
    let t = super::words(caller);
    if !matches!(error, ServiceError::Stale { .. }) {
        return Ok(refusal(t, error));
    }
    let history = action_items::history(app, &caller.actor, number).await?;
    let last = history.first().map(|entry| {
        let what = rows::action(t, &entry.action);
        format!(" {} {} · {what}", rows::when(app, entry.at), entry.actor_name)
    });
    let w = crate::i18n::postmortem::words(t.lang == "zh-CN");
    Ok(format!("{}{}{}", w.quicker, last.unwrap_or_default(), w.check_again))
}

/// Moves an item on.
pub async fn move_to(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<MoveForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = item_number(&number)?;
    let form = form.into_inner();
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
    let asked = Move {
        to: state_of("to", &form.to)?,
        reason: text(&form.reason),
        evidence: text(&form.evidence),
        verifier: None,
    };
    match action_items::move_to(&app, &caller.actor, number, form.version, asked).await {
        Ok(_) => Ok(redirect(&format!("/actions/{number}"))),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Conflict(_) | ServiceError::Stale { .. })) => {
            let status = match error {
                ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::CONFLICT,
            };
            let message = told(&app, &caller, number, error).await?;
            let refused = Refused { message, step: Some(form), ..Refused::default() };
            show(&app, &request, &caller, number, status, refused).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Deletes an item.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Pressed>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    action_items::delete(&app, &caller.actor, item_number(&number)?, form.version).await?;
    Ok(redirect("/actions"))
}
