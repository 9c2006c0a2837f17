//! The calendars of a house: the official days of each year, days of its own, and those of its teams on top.

use std::{collections::BTreeMap, sync::Arc};

use uuid::Uuid;

use super::{Calendar, CalendarDay, bundled_years};
use crate::domain::event::EventFields;

/// Whose days a sheet holds. Later ones win over earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SheetKey {
    /// The official days of a year, as its paper says; in place of the bundled ones.
    National(i32),
    /// The house's own days.
    Company,
    /// A team's own days.
    Team(Uuid),
}

impl SheetKey {
    /// The stored and spoken code: `2027`, `company`, or the team's id.
    pub fn code(self) -> String {
        match self {
            Self::National(year) => year.to_string(),
            Self::Company => "company".to_owned(),
            Self::Team(team) => team.to_string(),
        }
    }

    /// The key of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "company" => Some(Self::Company),
            year if year.len() == 4 => {
                year.parse().ok().filter(|year| (2000..=2100).contains(year)).map(Self::National)
            }
            team => Uuid::parse_str(team).ok().map(Self::Team),
        }
    }
}

/// Days that somebody imported or wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Whose.
    pub key: SheetKey,
    /// Optimistic lock; 0 where nobody wrote anything yet.
    pub version: i64,
    /// In order, each once.
    pub days: Vec<CalendarDay>,
    /// Milliseconds; none for bundled days.
    pub changed_at: Option<i64>,
}

/// The calendars by which working days are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendars {
    company: Arc<Calendar>,
    teams: BTreeMap<Uuid, Arc<Calendar>>,
    services: BTreeMap<Uuid, Uuid>,
}

impl Default for Calendars {
    fn default() -> Self {
        Self::of(&[], BTreeMap::new())
    }
}

impl Calendars {
    /// The calendars of all sheets. `services` says which team answers for a service.
    pub fn of(sheets: &[Sheet], services: BTreeMap<Uuid, Uuid>) -> Self {
        let mut years: BTreeMap<i32, Vec<CalendarDay>> = bundled_years().into_iter().collect();
        for sheet in sheets {
            if let SheetKey::National(year) = sheet.key {
                years.insert(year, sheet.days.clone());
            }
        }
        let mut company = Calendar::default();
        for (year, days) in &years {
            company.add_year(*year, days);
        }
        for sheet in sheets.iter().filter(|sheet| sheet.key == SheetKey::Company) {
            company.add(&sheet.days);
        }
        let mut teams = BTreeMap::new();
        for sheet in sheets {
            if let (SheetKey::Team(team), false) = (sheet.key, sheet.days.is_empty()) {
                let mut own = company.clone();
                own.add(&sheet.days);
                teams.insert(team, Arc::new(own));
            }
        }
        Self { company: Arc::new(company), teams, services }
    }

    /// Whether a team has a calendar of its own.
    pub fn has_teams(&self) -> bool {
        !self.teams.is_empty()
    }

    /// The house's.
    pub fn company(&self) -> &Arc<Calendar> {
        &self.company
    }

    /// A team's, where it has one of its own; else the house's.
    pub fn of_team(&self, team: Option<Uuid>) -> &Arc<Calendar> {
        team.and_then(|team| self.teams.get(&team)).unwrap_or(&self.company)
    }

    /// The calendar of an event: of the team with the largest share of it, the first of several; while nobody has a share, of
    /// the team that answers for the first service that it affected; else the house's.
    pub fn of_event(&self, fields: &EventFields) -> &Arc<Calendar> {
        if self.teams.is_empty() {
            return &self.company;
        }
        self.of_team(self.team_of(fields))
    }

    /// The team whose calendar an event follows.
    pub fn team_of(&self, fields: &EventFields) -> Option<Uuid> {
        let largest = fields.responsibility.iter().rev().max_by_key(|part| part.share).map(|part| part.team_id);
        largest.or_else(|| fields.services.iter().find_map(|one| self.services.get(&one.service_id).copied()))
    }
}
