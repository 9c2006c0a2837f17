//! What an event is filtered by, as pieces of the full-text index beside those of its words: words and filters are then
//! one question to the index. Pieces only choose; every condition is looked at in the rows as well.

use uuid::Uuid;

use crate::domain::{
    event_record::{Detection, EventKind},
    iso_week::IsoWeek,
    postmortem::PostmortemState,
    query::Has,
};

/// In front of the pieces of facets: no character's code begins with it, and no title's piece.
const MARK: char = 'x';

/// Something that an event is filtered by; `None` is "not set".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet<'a> {
    /// Its label.
    Severity(Option<&'a str>),
    /// The state of its postmortem.
    State(PostmortemState),
    /// The owner of its postmortem.
    Owner(Option<Uuid>),
    /// A service that it affected.
    Service(Uuid),
    /// A team that answers for it.
    Team(Option<Uuid>),
    /// A tag.
    Tag(&'a str),
    /// The week of its report.
    Week(IsoWeek),
    /// The category of its cause.
    Cause(Option<&'a str>),
    /// What it is to the figures.
    Kind(EventKind),
    /// How it came to light.
    Detection(Option<Detection>),
    /// It has not recovered.
    Ongoing,
    /// Something that it has. Whether action items are open is not kept: there may be too many to look at.
    Has(Has),
}

impl Facet<'_> {
    /// The piece: letters and digits, at least three of them, as MariaDB asks.
    pub fn piece(self) -> String {
        match self {
            Self::Severity(label) => of_text('a', label),
            Self::State(state) => of_text('b', Some(state.code())),
            Self::Owner(id) => of_id('c', id),
            Self::Service(id) => of_id('d', Some(id)),
            Self::Team(id) => of_id('e', id),
            Self::Tag(tag) => of_text('f', Some(tag)),
            Self::Week(week) => format!("{MARK}g{:04}{:02}", week.year(), week.number()),
            Self::Cause(cause) => of_text('h', cause),
            Self::Kind(kind) => of_text('i', Some(kind.code())),
            Self::Detection(way) => of_text('j', way.map(Detection::code)),
            Self::Ongoing => format!("{MARK}k0"),
            Self::Has(has) => format!("{MARK}l{}", number_of(has)),
        }
    }
}

const fn number_of(has: Has) -> u8 {
    match has {
        Has::Actions | Has::OpenActions => 0,
        Has::Tags => 1,
        Has::Links => 2,
        Has::Services => 3,
        Has::Responsibility => 4,
        Has::Loss => 5,
        Has::Change => 6,
        Has::Timeline => 7,
    }
}

fn of_text(key: char, value: Option<&str>) -> String {
    value.map_or_else(|| format!("{MARK}{key}0"), |value| hashed(key, value.as_bytes()))
}

fn of_id(key: char, id: Option<Uuid>) -> String {
    id.map_or_else(|| format!("{MARK}{key}0"), |id| hashed(key, id.as_bytes()))
}

/// 64 bits of FNV-1a, with its last step mixed once more because ids of one minute begin alike.
fn hashed(key: char, bytes: &[u8]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^= hash >> 32;
    let mut piece = String::with_capacity(15);
    piece.push(MARK);
    piece.push(key);
    for _ in 0..13 {
        piece.push(char::from_digit(u32::try_from(hash % 36).unwrap_or(0), 36).unwrap_or('0'));
        hash /= 36;
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_have_pieces_of_their_own_that_every_index_takes() {
        let ids: Vec<Uuid> = (0..500_u128).map(Uuid::from_u128).collect();
        let labels: Vec<String> = (0..500).map(|number| format!("P{number}")).collect();
        let mut pieces: Vec<String> = ids
            .iter()
            .flat_map(|id| {
                [Facet::Owner(Some(*id)).piece(), Facet::Service(*id).piece(), Facet::Team(Some(*id)).piece()]
            })
            .chain(labels.iter().flat_map(|text| {
                [Facet::Severity(Some(text)).piece(), Facet::Tag(text).piece(), Facet::Cause(Some(text)).piece()]
            }))
            .collect();
        let unset = [
            Facet::Severity(None),
            Facet::Owner(None),
            Facet::Team(None),
            Facet::Cause(None),
            Facet::Detection(None),
            Facet::Ongoing,
            Facet::Has(Has::Tags),
        ];
        pieces.extend(unset.map(Facet::piece));
        assert!(pieces.iter().all(|piece| piece.starts_with(MARK)
            && (3..=15).contains(&piece.len())
            && piece.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())));
        let count = pieces.len();
        pieces.sort_unstable();
        pieces.dedup();
        assert_eq!(pieces.len(), count);
    }
}
