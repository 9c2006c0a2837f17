//! What a link in a mail may do without a sign-in: one reversible act, of one person, on one event, until a day.

use uuid::Uuid;

/// An act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailAct {
    /// Take the postmortem over.
    Own,
    /// Put its due date off by [`SNOOZE_DAYS`] working days.
    Snooze,
    /// Want no reminders any more; of no event.
    Unsubscribe,
}

/// Working days that a link puts a due date off by.
pub const SNOOZE_DAYS: u32 = 2;

/// Bytes of a grant.
const LEN: usize = 34;

/// The first byte: the version of this form.
const VERSION: u8 = 1;

impl MailAct {
    /// The code in audit entries and grants.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Snooze => "snooze",
            Self::Unsubscribe => "unsubscribe",
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Own => 1,
            Self::Snooze => 2,
            Self::Unsubscribe => 3,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Own, Self::Snooze, Self::Unsubscribe].into_iter().find(|act| act.byte() == byte)
    }
}

/// What a link grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What.
    pub act: MailAct,
    /// The account whose act it is.
    pub account: Uuid,
    /// Number of the event; 0 where the act is of none.
    pub event: i64,
    /// Seconds since the epoch: from then on the link is void.
    pub expires: i64,
}

impl Grant {
    /// As bytes, to be signed.
    pub fn bytes(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let parts = [VERSION, self.act.byte()]
            .into_iter()
            .chain(self.account.into_bytes())
            .chain(self.event.to_be_bytes())
            .chain(self.expires.to_be_bytes());
        for (byte, part) in bytes.iter_mut().zip(parts) {
            *byte = part;
        }
        bytes
    }

    /// Of signed bytes; none where they have another form.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LEN] = bytes.try_into().ok()?;
        let (head, rest) = bytes.split_at_checked(2)?;
        let (account, rest) = rest.split_at_checked(16)?;
        let (event, expires) = rest.split_at_checked(8)?;
        (head.first() == Some(&VERSION)).then_some(())?;
        Some(Self {
            act: MailAct::from_byte(*head.get(1)?)?,
            account: Uuid::from_slice(account).ok()?,
            event: i64::from_be_bytes(event.try_into().ok()?),
            expires: i64::from_be_bytes(expires.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read_back_and_anything_else_is_none() {
        for act in [MailAct::Own, MailAct::Snooze, MailAct::Unsubscribe] {
            let grant = Grant { act, account: Uuid::from_u128(77), event: 22, expires: 1_724_745_600 };
            assert_eq!(Grant::read(&grant.bytes()), Some(grant));
        }
        let good = Grant { act: MailAct::Own, account: Uuid::nil(), event: 1, expires: 2 }.bytes();
        for at in 0..good.len() {
            assert_eq!(Grant::read(&good[..at]), None);
        }
        for (at, value) in [(0, 2), (1, 9)] {
            let mut bad = good;
            bad[at] = value;
            assert_eq!(Grant::read(&bad), None);
        }
    }
}
