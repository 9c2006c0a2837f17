//! Mail: the words of a digest and of a weekly report, the bytes of a message, and the talk with the SMTP server.

mod burn;
mod message;
mod render;
mod report;
mod smtp;

pub use burn::burn_words;
pub use render::digest_words;
pub use report::report_words;
pub use smtp::{MailSettingsError, SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode};
