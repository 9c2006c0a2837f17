//! Mail: the words of a digest, the bytes of a message, and the talk with the SMTP server.

mod message;
mod render;
mod smtp;

pub use render::digest_words;
pub use smtp::{MailSettingsError, SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode};
