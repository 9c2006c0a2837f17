//! What may go wrong, found before it does: `fupan doctor`. Each subject adds its findings to [`findings`].

use super::{App, ServiceError, calendars, reminder_groups, replicas};

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `calendar` …
    pub subject: &'static str,
    /// Something will be wrong, or is; else it is good to know.
    pub risky: bool,
    /// What was found, in Chinese.
    pub chinese: String,
    /// The same in English.
    pub english: String,
    /// What to do, a command.
    pub remedy: String,
}

/// Everything found, the risky first.
pub async fn findings(app: &App) -> Result<Vec<Finding>, ServiceError> {
    let mut found = calendar(app).await?;
    found.extend(replicas::findings(app).await?);
    found.extend(replicas::silent(app).await?);
    found.extend(reminder_groups::findings(app).await?);
    found.sort_by_key(|finding| !finding.risky);
    Ok(found)
}

/// Years whose official days are needed and missing.
async fn calendar(app: &App) -> Result<Vec<Finding>, ServiceError> {
    let missing = calendars::missing_years(app).await?;
    Ok(missing
        .into_iter()
        .map(|year| Finding {
            subject: "calendar",
            risky: true,
            chinese: format!("缺 {year} 年的法定节假日：按周一至周五算，假日附近的截止日和提醒会错"),
            english: format!(
                "the official days off of {year} are missing: Monday to Friday are counted, and due dates near holidays go wrong"
            ),
            remedy: format!("fupan calendar import {year}.json"),
        })
        .collect())
}
