//! The style a team writes its report in, as data: templates for a figure, the counts, an event and both sections, how
//! times and marks are written, which levels are counted together. The default is the style of the reference report.

use serde::{Deserialize, Serialize};

use super::time_form::TimeForm;

/// The most characters of one template.
pub const TEMPLATE_LIMIT: usize = 8_000;

/// The most characters of a mark or a sentence of the style.
pub const WORDS_LIMIT: usize = 200;

/// One of the two sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// 【系统运行数据】.
    Figures,
    /// 【生产事件】.
    Events,
}

/// How the two sections are written. The templates are minijinja; `docs/style.md` lists what they may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportStyle {
    /// The sections in their order.
    pub order: Vec<Part>,
    /// The figures section, its heading included.
    pub figures: String,
    /// The events section, its heading included.
    pub events: String,
    /// A figure.
    pub figure: String,
    /// The incident counts of the week.
    pub counts: String,
    /// An event; of several lines where the style has the time on a line of its own.
    pub event: String,
    /// How times are written.
    pub time: TimeForm,
    /// Mark while the postmortem is owed.
    pub pending: String,
    /// Mark once it is done.
    pub done: String,
    /// Mark when none is required; empty for none.
    pub not_required: String,
    /// Levels that are counted together, in the order of the report: A and B as `AB`. Levels that are counted but not
    /// named here come behind.
    pub levels: Vec<Vec<String>>,
    /// What stands for the events of a week without any.
    pub quiet: String,
    /// What stands for the figures of a week without any.
    pub no_figures: String,
    /// The heading that new sections stand before in a document that has none of both; empty for its end.
    pub place: String,
    /// Whether figures show their change against the week before, from the values as printed.
    pub changes: bool,
    /// Whether the counts show the year so far.
    pub year_to_date: bool,
    /// Whether events of earlier weeks whose postmortem is still owed are listed.
    pub carry_over: bool,
}

const FIGURES: &str = "\
## 【系统运行数据】

{% for group in groups %}
{% if not loop.first %}

{% endif %}
{% if group.name %}
{{ group.name }}：

{% endif %}
{% for figure in group.figures %}
{{ figure.line }}
{% endfor %}
{% endfor %}
{% if counts_line %}
{{ counts_line }}
{% endif %}
{% if not figures and not counts_line %}
{{ no_figures }}
{% endif %}
";

const EVENTS: &str = "\
## 【生产事件】

{% for event in events %}
{{ event.text }}

{% endfor %}
{% if not events %}
{{ quiet }}
{% endif %}
{% if carried %}

往周待复盘：

{% for event in carried %}
{{ event.text }}

{% endfor %}
{% endif %}
";

const FIGURE: &str = "- {{ name }}：{{ value }}{{ unit }}{% if change %}（较上周{% if flat %}持平{% else %}{{ change }}{% endif %}）{% endif %}";

const COUNTS: &str = "\
- 事故数{% for c in counts %}{{ c.label }}{{ c.count }}次{% if not loop.last %}，{% endif %}{% endfor %}\
{% if year_to_date %}（本年累计{% for c in year_to_date %}{{ c.label }}{{ c.count }}次{% if not loop.last %}，{% endif %}{% endfor %}）{% endif %}";

const EVENT: &str = "\
{% if time %}
{{ time }} \n
{% else %}
- {% endif %}{{ narrative }}{{ mark }}";

impl Default for ReportStyle {
    fn default() -> Self {
        let level = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
        Self {
            order: vec![Part::Figures, Part::Events],
            figures: FIGURES.to_owned(),
            events: EVENTS.to_owned(),
            figure: FIGURE.to_owned(),
            counts: COUNTS.to_owned(),
            event: EVENT.to_owned(),
            time: TimeForm::default(),
            pending: "【待复盘】".to_owned(),
            done: "【已复盘】".to_owned(),
            not_required: String::new(),
            levels: vec![level(&["A", "B"]), level(&["C"]), level(&["D"])],
            quiet: "本周无生产事件。".to_owned(),
            no_figures: "无".to_owned(),
            place: String::new(),
            changes: false,
            year_to_date: false,
            carry_over: false,
        }
    }
}

impl ReportStyle {
    /// Each template with its name, as errors and forms call it.
    pub fn templates(&self) -> [(&'static str, &str); 5] {
        [
            ("figures", &self.figures),
            ("events", &self.events),
            ("figure", &self.figure),
            ("counts", &self.counts),
            ("event", &self.event),
        ]
    }
}
