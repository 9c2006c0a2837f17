//! The minutes and days of an indicator as files.

use std::fmt::Write as _;

use actix_web::{HttpRequest, HttpResponse, http::header, web};

use super::{
    hand_days,
    indicators::{PeriodQuery, local, of_totals},
};
use crate::{
    domain::checked::FieldError,
    service::{App, ServiceError, event_costs, hand_counts, indicators, sample_days, samples},
    web::{gate::caller, problem::Problem},
};

/// Most days of a file of minutes.
pub(super) const MOST_CSV_DAYS: i64 = 92;

fn csv(name: &str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")))
        .body(text)
}

/// The mark by which spreadsheets know UTF-8, and the header.
const HEAD: &str = "\u{feff}time,total,success,excluded,failed,estimated\r\n";

/// The measured minutes of a period as CSV.
pub async fn minutes_csv(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let period = query.asked(app.today())?.period;
    if (period.to - period.from).num_days() >= MOST_CSV_DAYS {
        return Err(ServiceError::from(FieldError::shape("to", "give a period of at most 92 days")).into());
    }
    let (from, to) = event_costs::minutes_of(&app, period);
    let mut text = HEAD.to_owned();
    for sample in samples::minutes(&app, &caller.actor, found.indicator.number, from, to).await? {
        let counts = sample.counts;
        let time = local(&app, sample.minute, "%Y-%m-%dT%H:%M:%S%:z");
        let _ = write!(
            text,
            "{time},{},{},{},{},{}\r\n",
            counts.total,
            counts.success,
            counts.excluded,
            counts.failed(),
            u8::from(counts.estimated)
        );
    }
    Ok(csv(&format!("{key}-{}-{}-minutes", period.from, period.to), text))
}

/// The days of a period as CSV. What was written by hand names its day or week in the last column; a week is one line, at its Monday.
pub async fn days_csv(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<PeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let period = query.asked(app.today())?.period;
    let number = found.indicator.number;
    let mut days = sample_days::of(&app, &caller.actor, &[number], period.from, period.to).await?;
    let (from, to) = event_costs::minutes_of(&app, period);
    let mut stand_ins = hand_counts::standing_in(&app, &caller.actor, &[number], from, to).await?;
    let mut by_hand = stand_ins.remove(&number).unwrap_or_default().into_iter().peekable();
    let digits = found.indicator.fields.digits;
    let mut text = "\u{feff}day,total,success,excluded,failed,measured_minutes,rate,by_hand\r\n".to_owned();
    for (day, sum) in days.remove(&number).unwrap_or_default() {
        while let Some(one) = by_hand.next_if(|one| one.count.span.first() < day) {
            hand_days::csv_line(&mut text, &one, digits);
        }
        let rate = of_totals(sum).floor_percent(digits);
        let rate = rate.map(|rate| rate.to_string()).unwrap_or_default();
        let _ = write!(
            text,
            "{day},{},{},{},{},{},{rate},\r\n",
            sum.total,
            sum.success,
            sum.excluded,
            sum.failed(),
            sum.minutes
        );
    }
    for one in by_hand {
        hand_days::csv_line(&mut text, &one, digits);
    }
    Ok(csv(&format!("{key}-{}-{}-days", period.from, period.to), text))
}
