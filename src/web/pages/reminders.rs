//! The rules of reminders as a form, with a preview before they are saved; and the acts on one thing's reminders.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, render};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        event_record::EventKind,
        policy,
        reminder::{
            digest::shortened,
            lines,
            policy::{By, ReminderPolicy, Rule, SUBJECTS, Subject, UNGRADED},
            words,
        },
        vocabulary::{self, Vocabulary},
    },
    i18n::reminders::{self as texts, ReminderTexts},
    service::{
        App, ServiceError, policies,
        reminder_holds::{self, Act, Held},
        reminder_preview::{self, Preview},
        services,
    },
    web::{
        api::reminders::label_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

struct RuleView {
    at: usize,
    name: String,
    about: &'static str,
    enabled: bool,
    severities: String,
    teams: String,
    states: String,
    kinds: String,
    within: String,
    steps: String,
}

struct PreviewRow {
    day: String,
    to: String,
    group: bool,
    items: Vec<(String, String, String)>,
    more: usize,
}

#[derive(Template)]
#[template(path = "reminders.html")]
struct RemindersPage {
    shell: Shell,
    w: &'static ReminderTexts,
    message: String,
    said: bool,
    version: i64,
    slot: String,
    until: String,
    ladders: String,
    rules: Vec<RuleView>,
    /// Code and words.
    subjects: Vec<(&'static str, &'static str)>,
    may_manage: bool,
    previewed: bool,
    /// The first lines, and the rest.
    preview: Vec<Vec<PreviewRow>>,
    cut: bool,
}

/// What the page was asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    preview: bool,
    #[serde(default)]
    saved: bool,
}

/// Lines of the preview that are shown at once; the rest opens.
const SHOWN: usize = 12;

/// Characters of a thing's line in the preview.
const LINE: usize = 28;

/// A form as it was typed: names and values.
type Typed = HashMap<String, String>;

/// The rules that hold.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let stored = policies::read(&app, &caller.actor, "reminders").await?;
    let rules: ReminderPolicy = policy::read(&stored.document).map_err(ServiceError::from)?;
    let teams = services::teams(&app, &caller.actor).await?;
    let typed = typed_of(&rules, &teams, super::words(&caller).lang == "zh-CN");
    let preview = if asked.preview && caller.actor.may(Permission::ManagePolicies) {
        Some(reminder_preview::preview(&app, &caller.actor, None).await?)
    } else {
        None
    };
    show(&app, &request, &caller, stored.version, &typed, rules.rules.len() + 1, None, preview, asked.saved).await
}

/// Previews or saves the rules that were typed; refused ones are shown again as typed.
pub async fn write(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let typed: Typed = form.into_inner().into_iter().collect();
    let text = |name: &str| typed.get(name).map_or("", String::as_str);
    let version: i64 = text("version").parse().unwrap_or(0);
    let count = text("count").parse::<usize>().unwrap_or(0).min(51);
    let teams = services::teams(&app, &caller.actor).await?;
    let done = async {
        let document = policy::text(&policy_of(&typed, count, &teams)?);
        if text("act") == "preview" {
            return Ok(Some(reminder_preview::preview(&app, &caller.actor, Some(&document)).await?));
        }
        policies::write(&app, &caller.actor, "reminders", &document, Some(version)).await?;
        Ok(None)
    };
    match done.await {
        Ok(None) => Ok(redirect("/settings/reminders?saved=true")),
        Ok(preview) => show(&app, &request, &caller, version, &typed, count, None, preview, false).await,
        Err(error @ ServiceError::Forbidden { .. }) => Err(error.into()),
        Err(error) => show(&app, &request, &caller, version, &typed, count, Some(error), None, false).await,
    }
}

#[expect(clippy::too_many_arguments, reason = "what was typed, what came of it, and for whom")]
async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    version: i64,
    typed: &Typed,
    count: usize,
    refused: Option<ServiceError>,
    preview: Option<Preview>,
    said: bool,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let chinese = shell.t.lang == "zh-CN";
    let w = texts::texts(shell.t.lang);
    let status = match refused {
        None => StatusCode::OK,
        Some(ServiceError::Stale { .. }) => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let text = |name: &str| typed.get(name).cloned().unwrap_or_default();
    let rule = |at: usize| RuleView {
        at,
        name: text(&format!("{at}.name")),
        about: Subject::from_code(&text(&format!("{at}.about"))).unwrap_or(Subject::Postmortem).code(),
        enabled: typed.contains_key(&format!("{at}.enabled")),
        severities: text(&format!("{at}.severities")),
        teams: text(&format!("{at}.teams")),
        states: text(&format!("{at}.states")),
        kinds: text(&format!("{at}.kinds")),
        within: text(&format!("{at}.within")),
        steps: text(&format!("{at}.steps")),
    };
    let page = RemindersPage {
        w,
        message: refused.map(|error| refusal(shell.t, error)).unwrap_or_default(),
        said,
        version,
        slot: text("slot"),
        until: text("until"),
        ladders: text("ladders"),
        rules: (0..count.max(1)).map(rule).collect(),
        subjects: SUBJECTS.into_iter().map(|one| (one.code(), texts::subject(one, chinese))).collect(),
        may_manage: caller.actor.may(Permission::ManagePolicies),
        previewed: preview.is_some(),
        cut: preview.as_ref().is_some_and(|preview| preview.cut),
        preview: preview.map(|preview| rows(&preview, w, chinese)).unwrap_or_default(),
        shell,
    };
    render(status, &page)
}

fn rows(preview: &Preview, w: &ReminderTexts, chinese: bool) -> Vec<Vec<PreviewRow>> {
    let line = |line: &reminder_preview::PreviewLine| PreviewRow {
        day: format!(
            "{} {}",
            if chinese { words::chinese_day(line.day) } else { line.day.format("%a %-d %b").to_string() },
            line.at.format("%H:%M")
        ),
        to: line.to.clone(),
        group: line.by == By::Groups,
        items: line
            .items
            .iter()
            .map(|item| {
                let why = texts::offset(item.subject, item.offset, chinese);
                let line = if item.line.is_empty() { w.restricted.to_owned() } else { shortened(&item.line, LINE) };
                (label_of(item), format!("{} · {why}", item.rule), line)
            })
            .collect(),
        more: line.more,
    };
    let mut first: Vec<PreviewRow> = preview.lines.iter().map(line).collect();
    let rest = first.split_off(first.len().min(SHOWN));
    [first, rest].into_iter().filter(|part| !part.is_empty()).collect()
}

/// A level of a rule as it is shown: that of events without one in words.
fn level_words(level: &str, chinese: bool) -> &str {
    match (level, chinese) {
        (UNGRADED, true) => UNGRADED_ZH,
        (UNGRADED, false) => UNGRADED_EN,
        _ => level,
    }
}

const UNGRADED_ZH: &str = "未定级";
const UNGRADED_EN: &str = "ungraded";

/// The words of the states of a subject.
const fn states_of(about: Subject) -> Vocabulary {
    match about {
        Subject::ActionAssign | Subject::Action => vocabulary::ACTION_STATE,
        _ => vocabulary::STATE,
    }
}

fn typed_of(policy: &ReminderPolicy, teams: &[(Uuid, String)], chinese: bool) -> Typed {
    let mut typed = Typed::new();
    let mut put = |name: String, value: String| drop(typed.insert(name, value));
    put("slot".to_owned(), policy.slot.format("%H:%M").to_string());
    put("until".to_owned(), policy.until.format("%H:%M").to_string());
    put(
        "ladders".to_owned(),
        policy.ladders.iter().map(|one| lines::of_ladder(one, chinese)).collect::<Vec<_>>().join("\n"),
    );
    for (at, rule) in policy.rules.iter().enumerate() {
        let name_of = |id: &Uuid| {
            teams.iter().find(|(have, _)| have == id).map_or_else(|| id.to_string(), |(_, name)| name.clone())
        };
        put(format!("{at}.name"), rule.name.clone());
        put(format!("{at}.about"), rule.about.code().to_owned());
        if rule.enabled {
            put(format!("{at}.enabled"), "1".to_owned());
        }
        put(
            format!("{at}.severities"),
            rule.severities.iter().map(|level| level_words(level, chinese)).collect::<Vec<_>>().join(", "),
        );
        put(format!("{at}.teams"), rule.teams.iter().map(name_of).collect::<Vec<_>>().join(", "));
        let state =
            |code: &String| states_of(rule.about).words(code, chinese).map_or_else(|| code.clone(), str::to_owned);
        put(format!("{at}.states"), rule.states.iter().map(state).collect::<Vec<_>>().join(", "));
        let kind = |kind: &EventKind| vocabulary::KIND.words(kind.code(), chinese).unwrap_or(kind.code());
        put(format!("{at}.kinds"), rule.kinds.iter().map(kind).collect::<Vec<_>>().join(", "));
        put(format!("{at}.within"), rule.within.map(|within| within.to_string()).unwrap_or_default());
        put(
            format!("{at}.steps"),
            rule.steps.iter().map(|step| lines::of_step(step, chinese)).collect::<Vec<_>>().join("\n"),
        );
    }
    typed
}

fn policy_of(typed: &Typed, count: usize, teams: &[(Uuid, String)]) -> Result<ReminderPolicy, ServiceError> {
    let text = |name: &str| typed.get(name).map_or("", String::as_str).trim();
    let time = |name: &str| {
        chrono::NaiveTime::parse_from_str(text(name), "%H:%M")
            .map_err(|_| policy::refused(name, "write a time like 10:07"))
    };
    let mut rules = Vec::new();
    for at in 0..count {
        let of = |part: &str| text(&format!("{at}.{part}"));
        if of("name").is_empty() || typed.contains_key(&format!("{at}.remove")) {
            continue;
        }
        let place = |part: &str| format!("rules[{}].{part}", rules.len());
        let words = |part: &str| -> Vec<String> {
            let words = of(part).replace(['，', '、'], ",");
            words.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let team = |word: &String| {
            let named = teams.iter().find(|(id, name)| name == word || id.to_string() == *word).map(|(id, _)| *id);
            named.ok_or_else(|| {
                ServiceError::NotFound(format!("team {word}; `fupan team list` names those that are there"))
            })
        };
        let kind = |word: &String| {
            let code = vocabulary::KIND.code_of(word).unwrap_or_default();
            EventKind::from_code(code)
                .ok_or_else(|| policy::refused(&place("kinds"), "give normal, drill or maintenance"))
        };
        let about = Subject::from_code(of("about")).unwrap_or(Subject::Postmortem);
        let state = |word: String| states_of(about).code_of(&word).map_or(word, str::to_owned);
        let level = |word: String| {
            if word == UNGRADED_ZH || word.eq_ignore_ascii_case(UNGRADED_EN) { UNGRADED.to_owned() } else { word }
        };
        let within = match of("within") {
            "" => None,
            number => {
                Some(number.parse().map_err(|_| policy::refused(&place("within"), "give 0 to 250 working days"))?)
            }
        };
        rules.push(Rule {
            name: of("name").to_owned(),
            about,
            enabled: typed.contains_key(&format!("{at}.enabled")),
            severities: words("severities").into_iter().map(level).collect(),
            teams: words("teams").iter().map(team).collect::<Result<_, ServiceError>>()?,
            states: words("states").into_iter().map(state).collect(),
            kinds: words("kinds").iter().map(kind).collect::<Result<_, FieldError>>()?,
            within,
            steps: lines::steps(&place("steps"), of("steps"))?,
        });
    }
    let policy =
        ReminderPolicy { slot: time("slot")?, until: time("until")?, ladders: lines::ladders(text("ladders"))?, rules };
    Ok(policy.checked()?)
}

/// What is done to the reminders of a thing, and where to go then.
#[derive(Debug, Deserialize)]
pub struct ActForm {
    act: String,
    days: Option<u32>,
    #[serde(default)]
    reason: String,
}

/// Puts reminders off, stops or resumes them, and goes back to the thing.
pub async fn act(
    request: HttpRequest,
    app: web::Data<App>,
    item: web::Path<String>,
    form: web::Form<ActForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let held = Held::of_label(&item)?;
    let act = Act::of(&form.act, form.days)?;
    reminder_holds::act(&app, &caller.actor, held, act, Some(&form.reason)).await?;
    Ok(redirect(&match held {
        Held::Event(number) => format!("/e/{number}"),
        Held::Action(number) => format!("/actions/{number}"),
    }))
}
