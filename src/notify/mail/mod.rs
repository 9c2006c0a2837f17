//! Mail: the words of a digest, of a weekly report and of notices, the bytes of a message, and the talk with the SMTP server.

mod burn;
mod message;
mod notice;
mod render;
mod report;
mod short;
mod smtp;

pub use burn::burn_words;
pub use notice::notice_words;
pub use render::digest_words;
pub use report::report_words;
pub use smtp::{MailSettingsError, SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode};
