//! The fields of a record as text under their names, as the panel and the command line have them: shown, and read into
//! a patch.

use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events::EventPatch};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        clock_point::ClockPoint,
        completeness,
        event::{self, EventFields, ProductionEvent},
        event_record::{AffectedService, CLOCK_NAMES, Detection, EventKind, FACT_NAMES, Responsibility},
        record_text::{self, Near},
        services::Service,
        vocabulary,
    },
    store,
};

/// The fields that have a text, in the order in which they are shown.
pub const FIELDS: [&str; 28] = [
    "week",
    "kind",
    "severity",
    "occurred",
    "detected",
    "acknowledged",
    "located",
    "mitigated",
    "recovered",
    "narrative",
    "summary",
    "impact",
    "impacts",
    "services",
    "detection",
    "cause",
    "cause_category",
    "change_link",
    "recovery",
    "loss_expected",
    "loss_actual",
    "loss_recovered",
    "responsibility",
    "tags",
    "links",
    "unknown",
    "restricted",
    "viewers",
];

/// Names for the ids that events hold.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Business lines and components, those in use first.
    pub services: Vec<Service>,
    /// Ids and names of teams in use.
    pub teams: Vec<(Uuid, String)>,
    /// Ids, names and e-mail addresses of active accounts.
    pub people: Vec<(Uuid, String, String)>,
}

/// Loads the names.
pub async fn directory(app: &App, actor: &Actor) -> Result<Directory, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let people = store::accounts::list(connection).await?;
    Ok(Directory {
        services: store::services::all(connection).await?,
        teams: super::services::teams(app, actor).await?,
        people: people
            .into_iter()
            .filter(|account| account.active)
            .map(|account| (account.id, account.name, account.email))
            .collect(),
    })
}

impl Directory {
    /// The name of a service.
    pub fn service(&self, id: Uuid) -> String {
        let found = self.services.iter().find(|service| service.id == id);
        found.map_or_else(|| id.to_string(), |service| service.fields.name.clone())
    }

    fn team(&self, id: Uuid) -> String {
        self.teams.iter().find(|(have, _)| *have == id).map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }

    fn person(&self, word: &str) -> Option<Uuid> {
        let folded = checked::fold(word);
        let by_id = word.trim().parse::<Uuid>().ok().filter(|id| self.people.iter().any(|(have, ..)| have == id));
        let by_email = self.people.iter().find(|(_, _, email)| checked::fold(email) == folded);
        let mut by_name = self.people.iter().filter(|(_, name, _)| checked::fold(name) == folded);
        let by_name = by_email.or_else(|| by_name.next().filter(|_| by_name.next().is_none()));
        by_id.or(by_name.map(|(id, ..)| *id))
    }
}

/// What times without a day are near to.
pub fn near(app: &App, fields: &EventFields) -> Near {
    Near { zone: app.zone, begun: fields.occurred, now: app.now() }
}

/// The text of a field; empty where it says nothing, `?` where nobody can tell.
pub fn show(app: &App, event: &ProductionEvent, name: &str, directory: &Directory) -> String {
    let fields = &event.fields;
    if fields.unknown.iter().any(|unknown| unknown == name) {
        return "?".to_owned();
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let yuan = |value: Option<i64>| value.map(record_text::yuan).unwrap_or_default();
    match name {
        "week" => event.week.to_string(),
        "kind" => fields.kind.code().to_owned(),
        "severity" => text(&fields.severity),
        "narrative" => fields.narrative.clone(),
        "summary" => text(&fields.summary),
        "impact" => text(&fields.impact),
        "impacts" => record_text::impacts_text(&fields.impacts),
        "services" => {
            let near = near(app, fields);
            let lines = fields.services.iter().map(|service| {
                let shares = record_text::shares_text(&service.shares, near);
                format!("{} {shares}", directory.service(service.service_id)).trim_end().to_owned()
            });
            lines.collect::<Vec<_>>().join(" | ")
        }
        "detection" => fields.detection.map(|detection| detection.code().to_owned()).unwrap_or_default(),
        "cause" => text(&fields.cause),
        "cause_category" => text(&fields.cause_category),
        "change_link" => text(&fields.change_link),
        "recovery" => text(&fields.recovery),
        "loss_expected" => yuan(fields.loss.expected),
        "loss_actual" => yuan(fields.loss.actual),
        "loss_recovered" => yuan(fields.loss.recovered),
        "responsibility" => {
            let parts = fields
                .responsibility
                .iter()
                .map(|part| format!("{} {}", directory.team(part.team_id), record_text::share_text(part.share)));
            parts.collect::<Vec<_>>().join(" | ")
        }
        "tags" => fields.tags.join(", "),
        "links" => record_text::links_text(&fields.links),
        "unknown" => fields.unknown.join(", "),
        "restricted" => if fields.restricted { "yes" } else { "no" }.to_owned(),
        "viewers" => {
            let name_of = |id: &Uuid| {
                let found = directory.people.iter().find(|(have, ..)| have == id);
                found.map_or_else(|| id.to_string(), |(_, _, email)| email.clone())
            };
            fields.viewers.iter().map(name_of).collect::<Vec<_>>().join(", ")
        }
        name => {
            let point = fields.clock().into_iter().find(|(have, _)| *have == name).and_then(|(_, point)| point);
            point.map(|point| record_text::clock_text(point, app.zone)).unwrap_or_default()
        }
    }
}

/// Reads texts under names into a patch of an event with these fields. An empty text empties the field; `?` says that
/// nobody can tell.
pub fn patch(
    app: &App,
    fields: &EventFields,
    directory: &Directory,
    texts: &[(String, String)],
) -> Result<EventPatch, FieldError> {
    let mut patch = EventPatch::default();
    let mut unknown = fields.unknown.clone();
    // The beginning first: other times lie behind it.
    let mut near = near(app, fields);
    for (_, text) in texts.iter().filter(|(name, _)| vocabulary::FIELD.code_of(name) == Some("occurred")) {
        let asked = if record_text::is_unknown(text) { "" } else { text.as_str() };
        // The old beginning gives the day, no more: the new one may lie before it.
        let day = near.begun.map(|begun| ClockPoint::day(begun.at));
        near.begun = record_text::clock("occurred_at", asked, Near { begun: day, ..near })?;
        patch.set_clock("occurred", near.begun);
    }
    for (name, text) in texts {
        let name = match name.trim() {
            // Whether there was any at all.
            "loss" | "资损" => "loss",
            name => vocabulary::FIELD.code_of(name).ok_or_else(|| {
                let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                FieldError::shape("field", format!("there is no field {name}; {}", vocabulary::FIELD.remedy()))
            })?,
        };
        let nobody_can_tell = record_text::is_unknown(text);
        if FACT_NAMES.contains(&name) {
            unknown.retain(|have| have != name);
            if nobody_can_tell {
                unknown.push(name.to_owned());
            }
        }
        let asked = if nobody_can_tell && completeness::may_be_unknown(name) { "" } else { text.as_str() };
        one(&mut patch, name, asked, directory, near)?;
        if name == "cause_category" && nobody_can_tell {
            patch.cause_category = Some(Some("unknown".to_owned()));
        }
    }
    // The whole list was given: what the other texts said comes on top.
    if let Some(told) = patch.unknown.take() {
        unknown.retain(|name| !fields.unknown.contains(name) || told.contains(name));
        unknown.extend(told.into_iter().filter(|name| !unknown.contains(name)).collect::<Vec<_>>());
    }
    if unknown != fields.unknown {
        patch.unknown = Some(unknown);
    }
    Ok(patch)
}

fn one(
    patch: &mut EventPatch,
    name: &'static str,
    text: &str,
    directory: &Directory,
    near: Near,
) -> Result<(), FieldError> {
    let trimmed = text.trim();
    let words = || Some(Some(trimmed.to_owned()).filter(|text| !text.is_empty()));
    match name {
        "occurred" => {}
        name if CLOCK_NAMES.contains(&name) => {
            patch.set_clock(name, record_text::clock(event::clock_field(name), text, near)?);
        }
        "week" => {
            let week = trimmed.parse().map_err(|_| FieldError::shape("week", "write 2024-W34"))?;
            patch.week = Some(week);
        }
        "kind" => {
            let code = if trimmed.is_empty() { Ok("normal") } else { vocabulary::KIND.read("kind", trimmed) };
            patch.kind = EventKind::from_code(code?);
        }
        "detection" => {
            let read = |word| vocabulary::DETECTION.read("detection", word).map(Detection::from_code);
            patch.detection = Some(if trimmed.is_empty() { None } else { read(trimmed)? });
        }
        "cause_category" => {
            let read = |word| vocabulary::CAUSE.read("cause_category", word).map(str::to_owned);
            patch.cause_category = Some(if trimmed.is_empty() { None } else { Some(read(trimmed)?) });
        }
        "severity" => patch.severity = words(),
        "narrative" => patch.narrative = words(),
        "summary" => patch.summary = words(),
        "impact" => patch.impact = words(),
        "cause" => patch.cause = words(),
        "recovery" => patch.recovery = words(),
        "change_link" => patch.change_link = words(),
        "loss" | "loss_expected" => patch.loss_expected = Some(record_text::fen("loss_expected_fen", text)?),
        "loss_actual" => patch.loss_actual = Some(record_text::fen("loss_actual_fen", text)?),
        "loss_recovered" => patch.loss_recovered = Some(record_text::fen("loss_recovered_fen", text)?),
        "impacts" => patch.impacts = Some(record_text::impacts(text)?),
        "services" => patch.services = Some(services(text, directory, near)?),
        "responsibility" => patch.responsibility = Some(responsibility(text, directory)?),
        "tags" => patch.tags = Some(record_text::tags(text)),
        "links" => patch.links = Some(record_text::links(text)?),
        "unknown" => {
            // Their words name them too; what names none is refused with those that there are.
            let code = |word: String| vocabulary::FIELD.code_of(&word).map_or(word, str::to_owned);
            patch.unknown = Some(record_text::tags(text).into_iter().map(code).collect());
        }
        "restricted" => {
            patch.restricted = Some(match trimmed.to_lowercase().as_str() {
                "yes" | "true" | "1" | "是" => true,
                "" | "no" | "false" | "0" | "否" => false,
                _ => return Err(FieldError::shape("restricted", "write yes or no")),
            });
        }
        "viewers" => {
            let named = record_text::tags(text).into_iter().map(|word| {
                let missing = || FieldError::shape("viewers", "name active accounts by e-mail, name or id");
                directory.person(&word).ok_or_else(missing)
            });
            patch.viewers = Some(named.collect::<Result<_, _>>()?);
        }
        _ => {}
    }
    Ok(())
}

fn services(text: &str, directory: &Directory, near: Near) -> Result<Vec<AffectedService>, FieldError> {
    record_text::service_lines(text)
        .map(|line| {
            let names = directory.services.iter().map(|service| service.fields.name.as_str());
            let found = record_text::split_service(line, names);
            let (service, rest) = found
                .and_then(|(at, rest)| directory.services.get(at).map(|service| (service, rest)))
                .ok_or_else(|| {
                    let name: String = line.chars().take(30).collect();
                    FieldError::shape("services", format!("there is no business line or component called “{name}”"))
                })?;
            Ok(AffectedService { service_id: service.id, shares: record_text::shares(&rest, near)? })
        })
        .collect()
}

/// The teams that answer and their shares: `渠道组 50% | 支付组 50%`; a name alone answers for all of it, `none` is nobody.
pub async fn teams_named(app: &App, actor: &Actor, text: &str) -> Result<Vec<Responsibility>, ServiceError> {
    if matches!(text.trim(), "none" | "-" | "无" | "未定责") {
        return Ok(Vec::new());
    }
    let directory = Directory { teams: super::services::teams(app, actor).await?, ..Directory::default() };
    Ok(responsibility(text, &directory)?)
}

fn responsibility(text: &str, directory: &Directory) -> Result<Vec<Responsibility>, FieldError> {
    record_text::service_lines(text)
        .map(|line| {
            let found = record_text::split_service(line, directory.teams.iter().map(|(_, name)| name.as_str()));
            let (id, rest) =
                found.and_then(|(at, rest)| directory.teams.get(at).map(|(id, _)| (*id, rest))).ok_or_else(|| {
                    let name: String = line.chars().take(30).collect();
                    FieldError::shape("responsibility", format!("there is no team called “{name}”"))
                })?;
            let share = if rest.is_empty() { "100%" } else { rest.as_str() };
            Ok(Responsibility { team_id: id, share: record_text::share("responsibility", share)? })
        })
        .collect()
}
