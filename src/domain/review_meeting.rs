//! When a postmortem is reviewed, and who is invited.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{
    checked::{self, FieldError},
    invitation::Attendee,
};

/// Most people that are invited.
const MOST_ATTENDEES: usize = 50;

/// What people say of a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingFields {
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// How long: 5 to 480.
    pub minutes: i32,
    /// A room or a link, up to 200 characters.
    pub place: Option<String>,
    /// Who is invited, 1 to 50.
    pub attendees: BTreeSet<Uuid>,
}

impl MeetingFields {
    /// Checks what does not depend on what is stored; `moved` says that the time is a new one and must lie ahead.
    pub fn checked(mut self, now: DateTime<Utc>, moved: bool) -> Result<Self, FieldError> {
        if !(5..=480).contains(&self.minutes) {
            return Err(FieldError::shape("minutes", "give 5 to 480 minutes"));
        }
        if moved && self.starts_at < now {
            return Err(FieldError::shape("starts_at", "the review lies ahead; give a later time"));
        }
        if moved && self.starts_at > now + Duration::days(730) {
            return Err(FieldError::shape("starts_at", "give a time within the next two years"));
        }
        self.place = match self.place.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(place) => Some(checked::line("place", place, 200)?),
        };
        if self.attendees.is_empty() {
            return Err(FieldError::shape("attendees", "name at least one person"));
        }
        if self.attendees.len() > MOST_ATTENDEES {
            return Err(FieldError::shape("attendees", "name at most 50 people"));
        }
        Ok(self)
    }
}

/// The review of a postmortem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewMeeting {
    /// The event.
    pub event_id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// It does not take place.
    pub cancelled: bool,
    /// Rises with each change that the invited hear of.
    pub sequence: i32,
    /// Whom answers go to, as long as the meeting exists.
    pub organizer: Attendee,
    /// Milliseconds: the last change.
    pub changed_at: i64,
    /// The rest.
    pub fields: MeetingFields,
}
