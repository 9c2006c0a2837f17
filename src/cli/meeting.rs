//! `fupan pm meeting`: when a postmortem is reviewed.

use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};
use clap::Args;

use super::{
    Session,
    out::{data, raw, say},
    timeline::number_of,
};
use crate::{
    domain::checked::FieldError,
    service::{
        ServiceError, accounts,
        review_meetings::{self, MeetingPatch, MeetingView},
    },
    web::api::{published::line, review_meetings::body},
};

/// 复盘会：查看、安排、改期、取消，参会人收到日程邀请。 The review of a postmortem: shown, set, moved, cancelled; the invited get a calendar entry.
#[derive(Debug, Args)]
pub(super) struct Meeting {
    /// PE-1.
    event: String,
    /// 开始时间，如 "2024-08-29 14:00"（报告时区）或 2024-08-29T14:00:00+08:00。 When it begins, in the report zone or with a zone.
    #[arg(long)]
    at: Option<String>,
    /// 分钟数，默认 60。 How long, in minutes; by default 60.
    #[arg(long)]
    minutes: Option<i32>,
    /// 地点或会议链接，none 为没有。 A room or a link; none for none.
    #[arg(long)]
    place: Option<String>,
    /// 参会人：邮箱、姓名或编号，可写几次；默认负责人和评审人。 Whom to invite, several times for several; by default owner and reviewer.
    #[arg(long = "with")]
    attendees: Vec<String>,
    /// 取消。 Cancel it.
    #[arg(long, conflicts_with_all = ["at", "minutes", "place", "attendees"])]
    cancel: bool,
    /// 打印日程文件（iCalendar）。 Print the calendar file.
    #[arg(long, conflicts_with = "cancel")]
    ics: bool,
}

pub(super) async fn run(session: &Session, asked: Meeting) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let number = number_of(&asked.event)?;
    let nothing = || ServiceError::NotFound("review of this event".to_owned());
    if asked.cancel {
        review_meetings::cancel(app, actor, number, None).await?;
        say(&format!("复盘会已取消，参会人会收到通知：{}", asked.event));
        return Ok(());
    }
    let changes = asked.at.is_some() || asked.minutes.is_some() || asked.place.is_some() || !asked.attendees.is_empty();
    if changes {
        let starts_at = asked.at.as_deref().map(|text| time(session, text)).transpose()?;
        let attendees = match asked.attendees.as_slice() {
            [] => None,
            words => Some(accounts::all_named(app, actor, "attendees", words).await?),
        };
        let place = asked.place.map(|place| (place != "none").then_some(place));
        let patch = MeetingPatch { starts_at, minutes: asked.minutes, place, attendees };
        let view = review_meetings::schedule(app, actor, number, None, patch).await?;
        tell(session, &view);
        return Ok(());
    }
    if asked.ics {
        raw(&review_meetings::calendar(app, actor, number).await?.ok_or_else(nothing)?);
        return Ok(());
    }
    let view = review_meetings::get(app, actor, number).await?.ok_or_else(nothing)?;
    tell(session, &view);
    Ok(())
}

fn tell(session: &Session, view: &MeetingView) {
    if session.json {
        raw(&line(&body(&session.app, view)));
        return;
    }
    let fields = &view.meeting.fields;
    let at = fields.starts_at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M");
    let people: Vec<&str> = view.attendees.iter().map(|one| one.name.as_str()).collect();
    let mut parts = vec![at.to_string(), format!("{} 分钟", fields.minutes)];
    parts.extend(fields.place.clone());
    parts.push(people.join("、"));
    parts.extend(view.meeting.cancelled.then(|| "已取消".to_owned()));
    data(&parts.join("  "));
}

fn time(session: &Session, text: &str) -> Result<DateTime<Utc>, FieldError> {
    if let Ok(at) = text.parse::<DateTime<Utc>>() {
        return Ok(at);
    }
    ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M"]
        .iter()
        .find_map(|shape| NaiveDateTime::parse_from_str(text.trim(), shape).ok())
        .and_then(|local| session.app.zone.from_local_datetime(&local).earliest())
        .map(|at| at.with_timezone(&Utc))
        .ok_or_else(|| FieldError::shape("at", "write a time like 2024-08-19T15:00"))
}
