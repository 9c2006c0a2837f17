//! The part of an event's page about its grade: proposal, level, history, responsibility, thresholds.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use uuid::Uuid;

use super::{event, redirect, refusal, rows};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        event::ProductionEvent,
        event_record::{Responsibility, WHOLE, unsettled},
        facts::Measure,
        team_counts::{even_shares, share_of, times},
    },
    i18n::{Texts, grading as words, grading::GradingTexts},
    service::{App, ServiceError, grading, teams},
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// What was refused on the panel, as typed.
#[derive(Default)]
pub(super) struct Refused {
    /// Why, in the reader's language.
    message: String,
    /// The level that was chosen.
    level: Option<String>,
    reason: String,
    /// Teams and shares as typed.
    shares: Option<Vec<(String, String)>>,
}

/// The panel.
pub(super) struct Panel {
    pub g: &'static GradingTexts,
    pub message: String,
    pub level: String,
    pub tone: &'static str,
    pub graded: bool,
    /// The proposed label, empty where no rule fires, and how it is shown.
    pub proposed: String,
    pub proposed_words: String,
    pub proposed_tone: &'static str,
    /// The event has the proposed level.
    pub agrees: bool,
    pub rule: String,
    pub used: String,
    /// How the duration was counted, where that is not from the beginning to the recovery.
    pub note: String,
    pub missing: String,
    /// Label, words, chosen.
    pub choices: Vec<(String, String, bool)>,
    pub reason: String,
    pub reason_hint: &'static str,
    pub open: bool,
    pub past: Vec<Past>,
    pub parts: Vec<Part>,
    /// Empty where everything is settled.
    pub unsettled: String,
    pub rows: Vec<ShareRow>,
    pub has_teams: bool,
    pub shares_open: bool,
    pub watched: Vec<WatchedRow>,
    /// Empty where nothing is reached.
    pub advice: &'static str,
    pub may_grade: bool,
    pub may_assign: bool,
}

/// A grade that there was.
pub(super) struct Past {
    pub when: String,
    pub from: String,
    pub to: String,
    pub by: String,
    pub proposed: String,
    pub reason: String,
}

/// The share of a team.
pub(super) struct Part {
    pub team: String,
    pub percent: String,
    pub times: String,
    /// 0 to 100, for the bar.
    pub width: i32,
}

/// A row of the form of shares.
pub(super) struct ShareRow {
    /// Id, name, chosen.
    pub teams: Vec<(Uuid, String, bool)>,
    pub share: String,
}

/// How far the event is from a rule.
pub(super) struct WatchedRow {
    pub words: String,
    pub source: String,
    pub url: String,
    pub from: String,
    pub reached: bool,
    pub distances: Vec<Far>,
}

/// How far the event is from a limit.
pub(super) struct Far {
    pub words: String,
    /// How the duration was counted.
    pub note: String,
    pub percent: i64,
    pub known: bool,
    pub reached: bool,
}

/// Rows of the form of shares: those that are filled and two more, at least three.
const SPARE_ROWS: usize = 2;

impl Panel {
    /// Reads what the panel shows of an event.
    pub(super) async fn of(
        app: &App,
        caller: &Caller,
        t: &'static Texts,
        event: &ProductionEvent,
        refused: Refused,
    ) -> Result<Self, Problem> {
        let chinese = t.lang == "zh-CN";
        let g = words::texts(t.lang);
        let grading = grading::of_event(app, &caller.actor, event).await?;
        let all = teams::all(app, &caller.actor).await?;
        let fields = &event.fields;
        let current = fields.severity.as_deref();
        let proposal = &grading.proposal;
        let proposed = proposal.level.clone().unwrap_or_default();
        let role = caller.actor.role;
        let chosen = refused.level.clone().unwrap_or_else(|| match current {
            Some(label) if proposed.is_empty() => label.to_owned(),
            _ => proposed.clone(),
        });
        let mut choices: Vec<(String, String, bool)> = grading
            .levels
            .levels
            .iter()
            .map(|level| {
                let shown = words::level(Some(&level.label), chinese);
                let shown = if level.name.is_empty() { shown } else { format!("{shown} · {}", level.name) };
                (level.label.clone(), shown, grading.levels.same(Some(&level.label), Some(&chosen)))
            })
            .collect();
        if current.is_some() {
            choices.push((String::new(), g.take_off.to_owned(), chosen.is_empty()));
        }
        let advice = if grading.watched.iter().any(|one| one.reached) { words::advice(chinese) } else { "" };
        let notes = [(proposal.facts.ongoing, g.until_now), (proposal.facts.from_detection, g.since_detection)];
        let note = notes.iter().filter(|(holds, _)| *holds).map(|(_, note)| *note).collect::<Vec<_>>().join(" · ");
        let by_duration = proposal.used.iter().any(|(measure, _)| *measure == Measure::Minutes);
        Ok(Self {
            g,
            level: words::level(current, chinese),
            tone: grading.levels.tone(current),
            graded: current.is_some(),
            proposed_words: words::level(proposal.level.as_deref(), chinese),
            proposed_tone: grading.levels.tone(proposal.level.as_deref()),
            agrees: current.is_some() && grading.levels.same(current, proposal.level.as_deref()),
            proposed,
            rule: proposal.rule.as_ref().map(|rule| words::rule_words(rule, chinese)).unwrap_or_default(),
            used: words::values(&proposal.used, chinese),
            note: if by_duration { note.clone() } else { String::new() },
            missing: words::measures(&proposal.missing, chinese),
            choices,
            reason: refused.reason.clone(),
            reason_hint: if current.is_some() { g.reason_later } else { g.reason_first },
            open: refused.level.is_some(),
            past: grading
                .history
                .iter()
                .map(|one| Past {
                    when: rows::when(app, one.at),
                    from: words::level(one.from.as_deref(), chinese),
                    to: words::level(one.to.as_deref(), chinese),
                    by: one.by_name.clone(),
                    proposed: one
                        .proposed
                        .as_deref()
                        .map(|label| words::level(Some(label), chinese))
                        .unwrap_or_default(),
                    reason: one.reason.clone().unwrap_or_default(),
                })
                .collect(),
            parts: fields.responsibility.iter().map(|part| part_row(part, &all)).collect(),
            unsettled: match unsettled(&fields.responsibility) {
                0 => String::new(),
                rest => words::percent(rest),
            },
            rows: share_rows(&fields.responsibility, refused.shares.as_deref(), &all),
            has_teams: all.iter().any(|team| !team.fields.archived),
            shares_open: refused.shares.is_some(),
            message: refused.message,
            watched: grading
                .watched
                .iter()
                .map(|one| WatchedRow {
                    words: words::threshold_words(&one.rule, chinese),
                    source: one.rule.source.clone(),
                    url: one.rule.url.clone(),
                    from: one.rule.effective_from.to_string(),
                    reached: one.reached,
                    distances: one
                        .distances
                        .iter()
                        .map(|far| Far {
                            words: words::distance(far, chinese),
                            note: match far.limit.measure {
                                Measure::Minutes => note.clone(),
                                _ => String::new(),
                            },
                            percent: far.percent,
                            known: far.value.is_some(),
                            reached: far.reached,
                        })
                        .collect(),
                })
                .collect(),
            advice,
            may_grade: role.may(Permission::WriteEvent) && (current.is_none() || role.may(Permission::GradeEvent)),
            may_assign: role.may(Permission::GradeEvent),
        })
    }
}

fn part_row(part: &Responsibility, all: &[teams::Team]) -> Part {
    let team = all.iter().find(|team| team.id == part.team_id);
    Part {
        team: team.map(|team| team.fields.name.clone()).unwrap_or_default(),
        percent: words::percent(part.share),
        times: times(i64::from(part.share)),
        width: part.share * 100 / WHOLE,
    }
}

fn share_rows(parts: &[Responsibility], typed: Option<&[(String, String)]>, all: &[teams::Team]) -> Vec<ShareRow> {
    let mut filled: Vec<(String, String)> = match typed {
        Some(typed) => typed.to_vec(),
        None => parts
            .iter()
            .map(|part| (part.team_id.to_string(), words::percent(part.share).trim_end_matches('%').to_owned()))
            .collect(),
    };
    let wanted = (filled.len() + SPARE_ROWS).clamp(SPARE_ROWS + 1, 20);
    filled.resize(wanted.max(filled.len()), (String::new(), String::new()));
    filled
        .into_iter()
        .map(|(chosen, share)| ShareRow {
            teams: all
                .iter()
                .filter(|team| !team.fields.archived || team.id.to_string() == chosen)
                .map(|team| (team.id, team.fields.name.clone(), team.id.to_string() == chosen))
                .collect(),
            share,
        })
        .collect()
}

/// A grade as sent.
#[derive(Debug, Deserialize)]
pub struct GradeForm {
    version: i64,
    #[serde(default)]
    level: String,
    #[serde(default)]
    reason: String,
}

/// Grades an event.
pub async fn grade(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<GradeForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let level = Some(form.level.trim().to_owned()).filter(|level| !level.is_empty());
    let reason = Some(form.reason.clone());
    let done = grading::grade(&app, &caller.actor, number, form.version, level, reason).await;
    let typed = Refused { level: Some(form.level.clone()), reason: form.reason.clone(), ..Refused::default() };
    answered(&app, &request, &caller, number, done, typed).await
}

/// Says which teams answer for an event: as typed, or evenly.
pub async fn shares(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let form = form.into_inner();
    let all = |name: &str| -> Vec<String> {
        form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).collect()
    };
    let first = |name: &str| all(name).into_iter().next().unwrap_or_default();
    let typed: Vec<(String, String)> = all("team")
        .into_iter()
        .zip(all("share"))
        .filter(|(team, share)| !(team.is_empty() && share.is_empty()))
        .collect();
    let done = match (first("version").parse(), parts_of(&typed, first("how") == "evenly")) {
        (Ok(version), Ok(parts)) => grading::assign(&app, &caller.actor, number, version, parts).await,
        (Err(_), _) => Err(FieldError::shape("version", "open the page again").into()),
        (_, Err(error)) => Err(error.into()),
    };
    answered(&app, &request, &caller, number, done, Refused { shares: Some(typed), ..Refused::default() }).await
}

fn parts_of(typed: &[(String, String)], evenly: bool) -> Result<Vec<Responsibility>, FieldError> {
    let team = |text: &str| Uuid::parse_str(text).map_err(|_| FieldError::shape("responsibility", "choose a team"));
    if evenly {
        let teams: Vec<Uuid> =
            typed.iter().filter(|(name, _)| !name.is_empty()).map(|(name, _)| team(name)).collect::<Result<_, _>>()?;
        if teams.is_empty() {
            return Err(FieldError::shape("responsibility", "choose a team"));
        }
        let shares = even_shares(teams.len());
        return Ok(teams.into_iter().zip(shares).map(|(team_id, share)| Responsibility { team_id, share }).collect());
    }
    typed
        .iter()
        .map(|(name, share)| {
            let remedy = || FieldError::shape("responsibility", "write a share like 50 or 33.34");
            Ok(Responsibility { team_id: team(name)?, share: share_of(share).ok_or_else(remedy)? })
        })
        .collect()
}

/// Back to the page; a refusal is shown on the panel with what was typed.
async fn answered(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    done: Result<ProductionEvent, ServiceError>,
    typed: Refused,
) -> Result<HttpResponse, Problem> {
    let status = match &done {
        Err(ServiceError::Stale { .. }) => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    match done {
        Ok(_) => Ok(redirect(&format!("/e/{number}#grading"))),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Stale { .. })) => {
            let message = refusal(super::words(caller), error);
            let refusals = event::Refusals { grading: Refused { message, ..typed }, ..event::Refusals::default() };
            event::show(app, request, caller, number, status, None, refusals).await
        }
        Err(other) => Err(other.into()),
    }
}
