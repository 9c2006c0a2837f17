//! What groups are told: of an event as it is logged, recovers, is graded, of a postmortem that is done, and of a budget that
//! burns too fast (study of pages and messages, section 5).

use chrono_tz::Tz;

use super::{
    burn_warning::{BurnMail, BurnWords},
    chat::{ChatLine, ChatLink, ChatMessage, Tone, shortened},
    clock_point::{ClockPoint, Precision},
    event::ProductionEvent,
    event_record::Detection,
    iso_week::IsoWeek,
    notifier::Topic,
    record_text,
    reminder::{
        digest::{Digest, DigestGroup, DigestItem, Language},
        words,
    },
    severity::{self, SeverityPolicy},
    vocabulary,
};

/// Characters of an event's sentence that a group is shown: one line of a tool takes no more.
const SENTENCE: usize = 300;

/// What happened to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was logged.
    Logged,
    /// It is over.
    Recovered,
    /// It has another level than before; with the reason where one was given.
    Graded {
        /// The level before.
        from: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Its postmortem is done, with so many action items.
    Reviewed {
        /// Action items of the event.
        actions: u64,
    },
    /// Its postmortem is owed and late.
    Overdue {
        /// Working days past the due date.
        days: i64,
    },
}

impl News {
    /// To whom it is of interest.
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Logged => Topic::EventLogged,
            Self::Recovered => Topic::EventRecovered,
            Self::Graded { .. } => Topic::EventGraded,
            Self::Reviewed { .. } => Topic::PostmortemDone,
            Self::Overdue { .. } => Topic::PostmortemOverdue,
        }
    }
}

/// What the words are made of besides the event.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The levels of the house.
    pub levels: &'a SeverityPolicy,
    /// The zone of times.
    pub zone: Tz,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: &'a str,
}

/// The message about an event.
pub fn of_event(event: &ProductionEvent, news: &News, language: Language, around: Around<'_>) -> ChatMessage {
    let chinese = language == Language::Chinese;
    let label = event.label();
    let title = event.title();
    let level = level_words(event.fields.severity.as_deref(), chinese);
    let mut lines = Vec::new();
    let (tone, title) = match news {
        News::Logged => {
            lines.extend(since(event, chinese, around.zone));
            lines.push(ChatLine::plain(shortened(&event.fields.narrative, SENTENCE)));
            (tone_of(event, around.levels), format!("{level} {label} {title}"))
        }
        News::Recovered => {
            lines.push(ChatLine::plain(title));
            lines.extend(facts(event, chinese));
            let took = length(event, chinese);
            let words = match (took, chinese) {
                (Some(took), true) => format!("已恢复 {label}，用时 {took}"),
                (None, true) => format!("已恢复 {label}"),
                (Some(took), false) => format!("Recovered: {label} after {took}"),
                (None, false) => format!("Recovered: {label}"),
            };
            (Tone::Green, words)
        }
        News::Graded { from, reason } => {
            lines.push(ChatLine::plain(title));
            if let Some(reason) = reason {
                lines.push(field(if chinese { "理由" } else { "Reason" }, reason.clone()));
            }
            let from = level_words(from.as_deref(), chinese);
            let words = if chinese {
                format!("定级 {label}：{from} → {level}")
            } else {
                format!("Graded {label}: {from} → {level}")
            };
            (tone_of(event, around.levels), words)
        }
        News::Reviewed { actions } => {
            lines.push(ChatLine::plain(title));
            let words = if chinese {
                format!("{label} 已复盘，改进项 {actions} 项")
            } else {
                format!("{label} reviewed, action items: {actions}")
            };
            (Tone::Blue, words)
        }
        News::Overdue { days } => {
            lines.push(ChatLine::plain(title));
            if let Some(due) = event.postmortem.due_on {
                lines.push(field(if chinese { "截止" } else { "Due" }, due.format("%Y-%m-%d").to_string()));
            }
            let words = match (days, chinese) {
                (_, true) => format!("{level} {label} 的复盘已逾期 {days} 个工作日"),
                (1, false) => format!("{label}: the postmortem is 1 working day overdue"),
                (_, false) => format!("{label}: the postmortem is {days} working days overdue"),
            };
            (Tone::Red, words)
        }
    };
    let link = |words: &str, tail: &str| ChatLink {
        words: words.to_owned(),
        url: format!("{}/e/{}{tail}", around.public_url, event.number),
    };
    let links = match (news, chinese) {
        (News::Overdue { .. }, true) => vec![link("写复盘", "/postmortem")],
        (News::Overdue { .. }, false) => vec![link("Open the postmortem", "/postmortem")],
        (News::Reviewed { .. }, true) => vec![link("读复盘", "/postmortem")],
        (News::Reviewed { .. }, false) => vec![link("Read the postmortem", "/postmortem")],
        (_, true) => vec![link("查看", "")],
        (_, false) => vec![link("Open", "")],
    };
    ChatMessage { kind: news.topic().code(), language, tone, title, lines, links, mentions: Vec::new() }
}

/// The message about a budget that burns too fast.
pub fn of_budget(warning: &BurnMail) -> ChatMessage {
    let BurnWords { title, lines } = warning.words();
    let chinese = warning.language == Language::Chinese;
    ChatMessage {
        kind: Topic::BudgetBurning.code(),
        language: warning.language,
        tone: if warning.warning.is_urgent() { Tone::Red } else { Tone::Orange },
        title,
        lines: lines.into_iter().map(ChatLine::plain).collect(),
        links: vec![ChatLink {
            words: if chinese { "打开指标" } else { "Open the figures" }.to_owned(),
            url: format!("{}/indicators/{}", warning.public_url, warning.key),
        }],
        mentions: Vec::new(),
    }
}

/// Lines of a digest to a group: a tool shows as many as it takes, and says how many it leaves out.
const PENDING_LINES: usize = 40;

/// The digest of what is pending, for a group.
pub fn of_pending(digest: &Digest) -> ChatMessage {
    let chinese = digest.language == Language::Chinese;
    let (count, late, rest) = (digest.count(), digest.overdue.count(), digest.count_others());
    let mut title = match (count, chinese) {
        (0, true) => format!("待处理 {rest} 项"),
        (0, false) => format!("{rest} to look at"),
        (_, true) => format!("待复盘 {count} 项"),
        (1, false) => "1 postmortem pending".to_owned(),
        (_, false) => format!("{count} postmortems pending"),
    };
    if late > 0 {
        title.push_str(&if chinese { format!("，{late} 项逾期") } else { format!(", {late} overdue") });
    }
    let groups = [&digest.overdue, &digest.today, &digest.next, &digest.later];
    let mut lines: Vec<ChatLine> = groups.into_iter().flat_map(|group| pending_lines(group, digest.language)).collect();
    for (subject, group) in &digest.others {
        lines.push(ChatLine { strong: words::heading(*subject, digest.language).to_owned(), text: String::new() });
        lines.extend(pending_lines(group, digest.language));
    }
    let more = groups.iter().map(|group| group.more).sum::<usize>() + lines.len().saturating_sub(PENDING_LINES);
    lines.truncate(PENDING_LINES);
    if more > 0 {
        lines.push(ChatLine::plain(if chinese {
            format!("另有 {more} 项，见待复盘")
        } else {
            format!("and {more} more")
        }));
    }
    let open = if chinese { "打开待复盘" } else { "Open what is pending" };
    ChatMessage {
        kind: Topic::PostmortemPending.code(),
        language: digest.language,
        tone: if late > 0 { Tone::Red } else { Tone::Violet },
        title,
        lines,
        links: vec![ChatLink { words: open.to_owned(), url: format!("{}/postmortems", digest.public_url) }],
        mentions: Vec::new(),
    }
}

/// Lines of a report to a group; a tool shows as many as it takes.
const REPORT_LINES: usize = 80;

/// The message that a week's report is published: its sections line by line, as they stand there. `revision` is 1 at first.
pub fn of_report(week: IsoWeek, revision: i64, markdown: &str, language: Language, public_url: &str) -> ChatMessage {
    let chinese = language == Language::Chinese;
    let again = match (revision, chinese) {
        (..=1, _) => String::new(),
        (_, true) => format!("（第 {revision} 版）"),
        (_, false) => format!(", revision {revision}"),
    };
    let title = if chinese {
        format!("周报 {week} 已发布{again}")
    } else {
        format!("Weekly report {week} published{again}")
    };
    let lines = markdown.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let heading = line.trim_start_matches('#').trim_start();
        if heading.len() < line.len() {
            ChatLine { strong: shortened(heading, SENTENCE), text: String::new() }
        } else {
            ChatLine::plain(shortened(line, SENTENCE))
        }
    });
    let mut lines: Vec<ChatLine> = lines.take(REPORT_LINES + 1).collect();
    if lines.len() > REPORT_LINES {
        lines.truncate(REPORT_LINES);
        lines.push(ChatLine::plain(if chinese { "其余见周报" } else { "the rest is in the report" }));
    }
    let open = if chinese { "打开周报" } else { "Open the report" };
    ChatMessage {
        kind: Topic::ReportPublished.code(),
        language,
        tone: Tone::Indigo,
        title,
        lines,
        links: vec![ChatLink { words: open.to_owned(), url: format!("{public_url}/w/{week}") }],
        mentions: Vec::new(),
    }
}

fn pending_lines(group: &DigestGroup, language: Language) -> Vec<ChatLine> {
    let line = |item: &DigestItem| ChatLine {
        strong: words::label(item),
        text: shortened(&format!("{} · {}", words::line(item), words::facts(item, language)), SENTENCE),
    };
    group.items.iter().map(line).collect()
}

fn level_words(level: Option<&str>, chinese: bool) -> String {
    match (level, chinese) {
        (Some(level), true) => format!("{level}级"),
        (Some(level), false) => format!("Level {level}"),
        (None, true) => "未定级".to_owned(),
        (None, false) => "Ungraded".to_owned(),
    }
}

fn tone_of(event: &ProductionEvent, levels: &SeverityPolicy) -> Tone {
    let level = event.fields.severity.as_deref().and_then(|label| levels.level(label));
    match level.map(|level| level.tone) {
        Some(severity::Tone::Red) => Tone::Red,
        Some(severity::Tone::Orange) => Tone::Orange,
        Some(severity::Tone::Yellow) => Tone::Yellow,
        Some(severity::Tone::Grey) | None => Tone::Grey,
    }
}

fn field(name: &str, text: String) -> ChatLine {
    ChatLine { strong: name.to_owned(), text }
}

/// `02:47 起，监控发现`.
fn since(event: &ProductionEvent, chinese: bool, zone: Tz) -> Option<ChatLine> {
    let begin = event.fields.occurred.map(|point| record_text::clock_text(point, zone))?;
    let found = event.fields.detection.map(Detection::code);
    let found = found.and_then(|code| vocabulary::DETECTION.words(code, chinese)).unwrap_or_default();
    Some(ChatLine::plain(match (chinese, found.is_empty()) {
        (true, true) => format!("{begin} 起"),
        (true, false) => format!("{begin} 起，{found}发现"),
        (false, true) => format!("since {begin}"),
        (false, false) => format!("since {begin}, found by: {found}"),
    }))
}

/// What is known of the impact, and when the postmortem is due.
fn facts(event: &ProductionEvent, chinese: bool) -> Vec<ChatLine> {
    let mut lines = Vec::new();
    if !event.fields.impacts.is_empty() {
        let impacts = record_text::impacts_text(&event.fields.impacts);
        lines.push(field(if chinese { "影响" } else { "Impact" }, impacts));
    }
    if let Some(due) = event.postmortem.due_on.filter(|_| event.owes_postmortem()) {
        lines.push(field(if chinese { "复盘截止" } else { "Postmortem due" }, due.to_string()));
    }
    lines
}

/// From the beginning to the recovery, where both are known to the minute.
fn length(event: &ProductionEvent, chinese: bool) -> Option<String> {
    let exact = |point: &ClockPoint| point.precision == Precision::Minute;
    let begin = event.fields.occurred.filter(exact)?;
    let end = event.fields.recovered.filter(exact)?;
    let minutes = (end.at - begin.at).num_minutes();
    let (hours, rest) = (minutes / 60, minutes % 60);
    Some(match (hours, rest, chinese) {
        (0, minutes, true) => format!("{minutes} 分钟"),
        (0, minutes, false) => format!("{minutes} min"),
        (hours, 0, true) => format!("{hours} 小时"),
        (hours, 0, false) => format!("{hours} h"),
        (hours, minutes, true) => format!("{hours} 小时 {minutes} 分钟"),
        (hours, minutes, false) => format!("{hours} h {minutes} min"),
    })
}
