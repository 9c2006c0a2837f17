//! Sums of local months over those of days, and what is known of hours that were removed.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DatabaseBackend, Statement},
};

use crate::columns::{add_columns, big, index, int, tight};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // A month has more minutes than 16 bits say.
        let sums = vec![big("total"), big("success"), big("excluded"), int("minutes"), int("estimated")];
        let month = [vec![int("indicator"), int("zone"), int("month")], sums].concat();
        m.create_table(tight(m, "sample_month", &["indicator", "zone", "month"], month)).await?;

        // Hours before this minute are removed, but for those that are kept for events.
        let mut gone = int("gone_before");
        add_columns(m, "sample_head", vec![gone.not_null().default(0).take()]).await?;
        index(m, "sample_head", "ix_sample_head_gone", &["gone_before", "indicator"], false).await?;
        let kept = vec![int("indicator"), int("first_hour"), int("end_hour")];
        m.create_table(tight(m, "sample_kept", &["indicator", "first_hour"], kept)).await?;
        // Days of the zone before this minute could not be summed any more.
        let mut whole = int("whole_from");
        add_columns(m, "sample_zone", vec![whole.not_null().default(0).take()]).await?;

        fill(m).await
    }
}

/// The months of the days that are there; once more it makes the same of them.
async fn fill(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = m.get_connection();
    let reach = Statement::from_string(m.get_database_backend(), "SELECT MIN(day), MAX(day) FROM sample_day");
    let Some(row) = connection.query_one_raw(reach).await? else { return Ok(()) };
    let (first, last): (Option<i32>, Option<i32>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    let columns = ["total", "success", "excluded", "minutes", "estimated"];
    let mysql = m.get_database_backend() == DatabaseBackend::MySql;
    let new = |column: &str| if mysql { format!("VALUES({column})") } else { format!("excluded.{column}") };
    let sets = columns.map(|column| format!("{column} = {}", new(column))).join(", ");
    let (int, again) = if mysql {
        ("SIGNED", format!("ON DUPLICATE KEY UPDATE {sets}"))
    } else {
        ("bigint", format!("ON CONFLICT (indicator, zone, month) DO UPDATE SET {sets}"))
    };
    for month in month_of(first)..=month_of(last) {
        let (from, to) = (first_day(month), first_day(month + 1));
        let sum = |column: &str| format!("CAST(SUM({column}) AS {int})");
        let text = format!(
            "INSERT INTO sample_month (indicator, zone, month, total, success, excluded, minutes, estimated) \
             SELECT indicator, zone, {month}, {}, {}, {}, {}, {} FROM sample_day WHERE day >= {from} AND day < {to} \
             GROUP BY indicator, zone {again}",
            sum("total"),
            sum("success"),
            sum("excluded"),
            sum("minutes"),
            sum("estimated"),
        );
        connection.execute_unprepared(&text).await?;
    }
    Ok(())
}

/// The days since 1970-01-01 of the first day of a month; months count from 1970-01.
const fn first_day(month: i32) -> i32 {
    // Years that begin in March, so that the leap day is the last one (Howard Hinnant, "chrono-compatible low-level date
    // algorithms").
    let (year, month) = (1970 + month.div_euclid(12), month.rem_euclid(12) + 1);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The month that a day lies in.
const fn month_of(day: i32) -> i32 {
    // At most a month too early or too late.
    let mut month = (day * 12).div_euclid(366);
    while first_day(month + 1) <= day {
        month += 1;
    }
    while first_day(month) > day {
        month -= 1;
    }
    month
}

#[cfg(test)]
mod tests {
    use super::{first_day, month_of};

    #[test]
    fn months_begin_on_the_days_that_the_calendar_says() {
        for (month, day) in [(0, 0), (1, 31), (2, 59), (12, 365), (360, 10_957), (362, 11_017), (653, 19_875)] {
            assert_eq!(first_day(month), day);
            assert_eq!(month_of(day), month);
            assert_eq!(month_of(day - 1), month - 1);
        }
    }
}
