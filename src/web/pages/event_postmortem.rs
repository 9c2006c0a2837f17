//! The postmortem on an event's page: how far it is written, how it moves on, and what earlier events left open.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::{redirect, refusal, rows};
use crate::{
    domain::{
        actor::{Permission, Role},
        checked::FieldError,
        markdown,
        postmortem::{POSTMORTEM_STATES, PostmortemState},
    },
    i18n::{
        self, Texts,
        postmortem::{Words, words},
        record,
        timeline::words as entry_words,
    },
    service::{
        App, ServiceError, events,
        postmortem_text::{self, PostmortemView, SectionView},
        postmortems::{self, PostmortemChange},
        recurrence::{self, RecurringItem},
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// The panel.
pub(super) struct PostmortemPanel {
    pub w: &'static Words,
    pub written: usize,
    pub sections: usize,
    /// The part of the ring that is full, of 100.
    pub percent: usize,
    pub parts: Vec<PanelSection>,
    pub owner: String,
    pub owner_id: String,
    pub reviewer: String,
    pub reviewer_id: String,
    pub due_on: String,
    pub due_fixed: bool,
    /// Why it is not required; empty otherwise.
    pub reason: String,
    pub actions: Vec<Action>,
    /// Questions that are answered before it is done.
    pub asked: Vec<&'static str>,
    /// Time, who, what, reason.
    pub moves: Vec<(String, String, String, String)>,
    /// Who is writing now.
    pub writers: String,
    /// Text may be written.
    pub open: bool,
    /// The caller owns it or is its only author, and others can approve.
    pub own: bool,
    /// The version that the forms are of.
    pub version: i64,
    /// Why a form was refused; empty otherwise.
    pub message: String,
    /// What was typed into it.
    pub typed: Move,
    /// What was typed and has no field any more, because the postmortem moved on.
    pub lost: String,
}

/// A form that was refused: as typed, and why.
pub(super) struct Refused {
    pub message: String,
    pub typed: Move,
}

/// A section of the panel.
pub(super) struct PanelSection {
    pub key: String,
    pub title: String,
    pub html: String,
    /// `为何 1` and what.
    pub whys: Vec<(String, String)>,
    /// A person wrote it.
    pub written: bool,
    pub empty: bool,
    /// The first question that is open; empty for none.
    pub question: String,
}

/// A move that can be made.
pub(super) struct Action {
    pub to: &'static str,
    pub label: &'static str,
    pub reason: bool,
    pub reviewer: bool,
    pub primary: bool,
    /// Done without a review while no section is written: it is asked once more.
    pub confirm: bool,
    /// The questions are shown with it.
    pub asks: bool,
}

pub(super) fn panel_section(view: &SectionView, chinese: bool) -> PanelSection {
    let why = |at: usize| crate::domain::postmortem_export::why_words(at + 1, chinese);
    PanelSection {
        key: view.section.key.clone(),
        title: view.section.title.of_language(chinese).to_owned(),
        html: markdown::html(&view.text),
        whys: view.whys.iter().enumerate().map(|(at, text)| (why(at), text.clone())).collect(),
        written: view.written.is_some() && !view.is_empty(),
        empty: view.is_empty(),
        question: view.questions(chinese).into_iter().next().unwrap_or_default(),
    }
}

/// The postmortem of an event as its page shows it.
pub(super) async fn panel(
    app: &App,
    caller: &Caller,
    t: &'static Texts,
    number: i64,
    refused: Option<Refused>,
) -> Result<PostmortemPanel, Problem> {
    let chinese = t.lang == "zh-CN";
    let view = postmortem_text::view(app, &caller.actor, number, chinese, entry_words).await?;
    let postmortem = &view.event.postmortem;
    let (written, sections) = view.progress();
    let w = words(chinese);
    let name = |id| view.name_of(id).map_or_else(|| w.nobody.to_owned(), str::to_owned);
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let me = caller.actor.account_id;
    let texts = record::texts(t.lang);
    let asked: Vec<&'static str> = events::missing(app, &caller.actor, number)
        .await?
        .into_iter()
        .filter(|question| question.required)
        .map(|question| record::question(texts, question.field))
        .collect();
    let actions = actions(w, &view, caller.actor.role, me, !asked.is_empty());
    let (message, typed) = refused.map(|refused| (refused.message, refused.typed)).unwrap_or_default();
    let typed = typed.over(id(postmortem.owner_id), id(postmortem.reviewer_id), postmortem.due_on);
    let placed = typed.to.is_empty() || actions.iter().any(|action| action.to == typed.to && action.reason);
    let lost = if placed { String::new() } else { typed.reason.trim().to_owned() };
    Ok(PostmortemPanel {
        version: postmortem.version,
        message,
        typed,
        lost,
        w,
        written,
        sections,
        percent: (written * 100).checked_div(sections).unwrap_or(0),
        parts: view.sections.iter().map(|section| panel_section(section, chinese)).collect(),
        owner: name(postmortem.owner_id),
        owner_id: id(postmortem.owner_id),
        reviewer: name(postmortem.reviewer_id),
        reviewer_id: id(postmortem.reviewer_id),
        due_on: postmortem.due_on.map(|day| day.to_string()).unwrap_or_default(),
        due_fixed: postmortem.due_fixed,
        reason: postmortem.reason.clone().unwrap_or_default(),
        actions,
        asked,
        moves: view
            .moves
            .iter()
            .take(20)
            .map(|one| {
                let what = format!("{} → {}", rows::state(t, one.from), rows::state(t, one.to));
                (rows::when(app, one.at), one.by.clone(), what, one.reason.clone().unwrap_or_default())
            })
            .collect(),
        writers: others(&view, me).join(t.list_mark),
        open: is_open(postmortem.state),
        own: me.is_some() && postmortem.owner_id == me && postmortem.state == PostmortemState::InReview,
    })
}

/// Whether text may be written.
pub(super) const fn is_open(state: PostmortemState) -> bool {
    !matches!(state, PostmortemState::Done | PostmortemState::NotRequired)
}

/// Names of those who write besides the caller.
pub(super) fn others(view: &PostmortemView, me: Option<Uuid>) -> Vec<String> {
    view.writers.iter().filter(|writer| Some(writer.account_id) != me).map(|writer| writer.name.clone()).collect()
}

fn actions(w: &'static Words, view: &PostmortemView, role: Role, me: Option<Uuid>, asked: bool) -> Vec<Action> {
    use PostmortemState::{Done, Drafting, InReview, NotRequired, Pending, Undecided};
    let now = view.event.postmortem.state;
    let reviews = me.is_some() && view.event.postmortem.reviewer_id == me;
    let label = |to| match (now, to) {
        (_, NotRequired) => w.waive,
        (InReview, Done) => w.approve,
        (_, Done) => w.done_without,
        (_, InReview) => w.submit,
        (InReview, Drafting) => w.send_back,
        (Done, Drafting) | (NotRequired, Pending) => w.reopen,
        (Done | Drafting, Pending) => w.put_back,
        (_, Drafting) => w.begin,
        (Undecided, Pending) => w.owe,
        _ => w.update,
    };
    let may = |to: &PostmortemState| match to {
        NotRequired => role.may(Permission::WaivePostmortem),
        Done => role.may(Permission::ApprovePostmortem) || (now == InReview && reviews),
        _ => true,
    };
    let best = match now {
        InReview => Done,
        Drafting => InReview,
        Pending => Drafting,
        Undecided | NotRequired => Pending,
        Done => Done,
    };
    let mut actions: Vec<Action> = POSTMORTEM_STATES
        .into_iter()
        .filter(|to| now.may_become(*to))
        .filter(may)
        .map(|to| Action {
            to: to.code(),
            label: label(to),
            // Without a review the reason takes the place of the facts that are missing.
            reason: now.needs_reason(to) || (to == Done && now != InReview && asked),
            asks: to == Done && asked,
            reviewer: to == InReview,
            primary: to == best,
            confirm: to == Done && now != InReview && view.progress().0 == 0,
        })
        .collect();
    actions.sort_by_key(|action| !action.primary);
    actions
}

/// An open item of a similar earlier event, as a row.
pub(super) struct RecurringRow {
    pub number: i64,
    pub event: String,
    pub event_title: String,
    pub item: String,
    pub title: String,
    /// Due date.
    pub due: String,
    pub overdue: bool,
    pub why: String,
}

/// Rows of open items of similar earlier events.
pub(super) fn recurring_rows(items: Vec<RecurringItem>, chinese: bool) -> Vec<RecurringRow> {
    items
        .into_iter()
        .map(|item| RecurringRow {
            number: item.event_number,
            event: item.event,
            event_title: item.event_title,
            item: item.item,
            title: item.title,
            due: item.due_on.map(|day| day.format("%m/%d").to_string()).unwrap_or_default(),
            overdue: item.overdue,
            why: i18n::postmortem::similar(item.similar, item.percent, chinese),
        })
        .collect()
}

/// What similar earlier events left open.
pub(super) async fn recurring(
    app: &App,
    caller: &Caller,
    t: &'static Texts,
    number: i64,
) -> Result<Vec<RecurringRow>, Problem> {
    Ok(recurring_rows(recurrence::of_event(app, &caller.actor, number).await?, t.lang == "zh-CN"))
}

/// A change to the postmortem; empty fields change nothing, and so do those that stand as they were shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Move {
    pub to: String,
    pub owner: String,
    pub was_owner: String,
    pub reviewer: String,
    pub was_reviewer: String,
    pub reason: String,
    pub due_on: String,
    pub was_due_on: String,
    /// That it is done although no section is written.
    pub confirm: String,
    /// The version of the postmortem that the form is of.
    pub version: Option<i64>,
}

impl Move {
    /// What this person chose, on top of what stands there now.
    fn over(self, owner: String, reviewer: String, due_on: Option<NaiveDate>) -> Self {
        let pick = |typed: String, was: &str, now: String| if typed.trim() == was.trim() { now } else { typed };
        let due_on = due_on.map(|day| day.to_string()).unwrap_or_default();
        // Fields that the form does not have are empty in both.
        Self {
            owner: pick(self.owner, &self.was_owner, owner.clone()),
            reviewer: pick(self.reviewer, &self.was_reviewer, reviewer.clone()),
            due_on: pick(self.due_on, &self.was_due_on, due_on.clone()),
            was_owner: owner,
            was_reviewer: reviewer,
            was_due_on: due_on,
            ..self
        }
    }
}

/// Moves the postmortem on.
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Move>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let form = form.into_inner();
    match change_of(&app, &caller, number, &form).await {
        Ok(()) => {
            let back = if form.to == PostmortemState::Drafting.code() { "/postmortem" } else { "" };
            Ok(redirect(&format!("/e/{number}{back}")))
        }
        Err(
            error @ (ServiceError::Stale { .. }
            | ServiceError::Conflict(_)
            | ServiceError::Invalid(_)
            | ServiceError::Unanswered { .. }),
        ) => {
            let status = match error {
                ServiceError::Stale { .. } | ServiceError::Conflict(_) => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let message = match &error {
                ServiceError::Stale { .. } => overtaken(&app, &caller, number).await?,
                _ => refusal(super::words(&caller), error),
            };
            let refused = Refused { message, typed: form };
            let refusals = super::event::Refusals { postmortem: Some(refused), ..Default::default() };
            super::event::show(&app, &request, &caller, number, status, None, refusals).await
        }
        Err(other) => Err(other.into()),
    }
}

/// What happened meanwhile: the latest change of the event's history.
async fn overtaken(app: &App, caller: &Caller, number: i64) -> Result<String, ServiceError> {
    let t = super::words(caller);
    let detail = events::detail(app, &caller.actor, number).await?;
    let last = detail.audit.first().map(|entry| {
        let what = rows::edited(t, &entry.action, &entry.change);
        format!(" {} {} · {what}", rows::when(app, entry.at), entry.actor_name)
    });
    let w = words(t.lang == "zh-CN");
    Ok(format!("{}{}{}", w.quicker, last.unwrap_or_default(), w.check_again))
}

async fn change_of(app: &App, caller: &Caller, number: i64, form: &Move) -> Result<(), ServiceError> {
    let to = match form.to.as_str() {
        "" => None,
        code => Some(PostmortemState::from_code(code).ok_or_else(|| FieldError::shape("to", "choose a state"))?),
    };
    if to == Some(PostmortemState::Done) && form.confirm.is_empty() {
        // What is not written cannot be read again: done by mistake is asked for twice.
        let view = postmortem_text::view(app, &caller.actor, number, true, entry_words).await?;
        let unasked = view.event.postmortem.state != PostmortemState::InReview && view.progress().0 == 0;
        if unasked && form.version.is_none_or(|seen| seen == view.event.postmortem.version) {
            return Err(FieldError::shape("confirm", "no section is written; tick that it is done all the same").into());
        }
    }
    let person = |field, id: &str, was: &str| match id {
        "" => Ok(None),
        same if same == was => Ok(None),
        id => Uuid::parse_str(id).map(|id| Some(Some(id))).map_err(|_| FieldError::shape(field, "choose a person")),
    };
    let due_on = match form.due_on.trim() {
        same if same == form.was_due_on.trim() => None,
        "" => Some(None),
        day => Some(Some(
            NaiveDate::parse_from_str(day, "%Y-%m-%d")
                .map_err(|_| FieldError::shape("due_on", "write a date like 2024-08-27"))?,
        )),
    };
    let change = PostmortemChange {
        to,
        owner: person("owner", &form.owner, &form.was_owner)?,
        reviewer: person("reviewer", &form.reviewer, &form.was_reviewer)?,
        reason: Some(form.reason.clone()).filter(|reason| !reason.trim().is_empty()),
        due_on,
        seen: form.version,
    };
    postmortems::change(app, &caller.actor, number, None, change).await?;
    Ok(())
}
