//! The styles of teams: the list, and the workshop where one is derived from an old report, tried and saved.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{Shell, redirect, refusal, render};
use crate::{
    domain::{
        iso_week::IsoWeek,
        report::{
            style::{Part, ReportStyle},
            time_form::TimeForm,
            twin::Side,
        },
    },
    service::{
        App, ServiceError,
        report_styles::{self, Before, SaveStyle},
    },
    web::{address::encoded, gate::caller, problem::Problem},
};

struct Row {
    name: String,
    is_default: bool,
    address: String,
}

#[derive(Template)]
#[template(path = "styles.html")]
struct Styles {
    shell: Shell,
    rows: Vec<Row>,
}

/// All styles.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let styles = report_styles::all(&app, &caller.actor).await?;
    let rows = styles
        .into_iter()
        .map(|style| Row {
            address: format!("/styles/edit?name={}", encoded(&style.name)),
            name: style.name,
            is_default: style.is_default,
        })
        .collect();
    let page = Styles { shell: Shell::of(&app, &request, &caller, "report").await?, rows };
    render(StatusCode::OK, &page)
}

/// A line of the comparison with its class.
struct Line {
    class: &'static str,
    sign: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "style.html")]
struct Workshop {
    shell: Shell,
    message: String,
    document: String,
    form: StyleForm,
    /// A style is there to be edited.
    ready: bool,
    /// The document and the style were compared.
    compared: bool,
    differences: usize,
    lines: Vec<Line>,
    unreadable: String,
    /// This week, or that of the document, as the style writes what is stored.
    preview: String,
    of_week: String,
}

/// The style as its form has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StyleForm {
    name: String,
    /// The name under which the style was opened; empty for a new one.
    was: String,
    version: String,
    document: String,
    order: String,
    figures: String,
    events: String,
    figure: String,
    counts: String,
    event: String,
    time_begin: String,
    time_day: String,
    time_end: String,
    time_elsewhen: String,
    time_range: String,
    pending: String,
    done: String,
    not_required: String,
    levels: String,
    quiet: String,
    no_figures: String,
    place: String,
    changes: String,
    year_to_date: String,
    carry_over: String,
    is_default: String,
    /// `derive`, `try`, `save` or `remove`.
    action: String,
}

impl StyleForm {
    fn of(name: &str, version: Option<i64>, is_default: bool, style: &ReportStyle) -> Self {
        let yes = |on: bool| if on { "yes".to_owned() } else { String::new() };
        Self {
            name: name.to_owned(),
            was: if version.is_some() { name.to_owned() } else { String::new() },
            version: version.map(|version| version.to_string()).unwrap_or_default(),
            document: String::new(),
            order: if style.order.first() == Some(&Part::Events) { "events" } else { "figures" }.to_owned(),
            figures: style.figures.clone(),
            events: style.events.clone(),
            figure: style.figure.clone(),
            counts: style.counts.clone(),
            event: style.event.clone(),
            time_begin: style.time.begin.clone(),
            time_day: style.time.day.clone(),
            time_end: style.time.end.clone(),
            time_elsewhen: style.time.end_elsewhen.clone(),
            time_range: style.time.range.clone(),
            pending: style.pending.clone(),
            done: style.done.clone(),
            not_required: style.not_required.clone(),
            levels: style.levels.iter().map(|group| group.join("+")).collect::<Vec<_>>().join(" "),
            quiet: style.quiet.clone(),
            no_figures: style.no_figures.clone(),
            place: style.place.clone(),
            changes: yes(style.changes),
            year_to_date: yes(style.year_to_date),
            carry_over: yes(style.carry_over),
            is_default: yes(is_default),
            action: String::new(),
        }
    }

    /// The style; browsers send line ends as CRLF.
    fn style(&self) -> ReportStyle {
        let text = |value: &str| value.replace("\r\n", "\n").replace('\r', "\n");
        let group = |words: &str| words.split('+').map(|level| level.trim().to_uppercase()).collect::<Vec<_>>();
        let order = if self.order == "events" { [Part::Events, Part::Figures] } else { [Part::Figures, Part::Events] };
        ReportStyle {
            order: order.to_vec(),
            figures: text(&self.figures),
            events: text(&self.events),
            figure: text(&self.figure),
            counts: text(&self.counts),
            event: text(&self.event),
            time: TimeForm {
                begin: self.time_begin.clone(),
                day: self.time_day.clone(),
                end: self.time_end.clone(),
                end_elsewhen: self.time_elsewhen.clone(),
                range: self.time_range.clone(),
            },
            pending: self.pending.trim().to_owned(),
            done: self.done.trim().to_owned(),
            not_required: self.not_required.trim().to_owned(),
            levels: self.levels.split([' ', ',', '，', '　']).filter(|words| !words.is_empty()).map(group).collect(),
            quiet: self.quiet.trim().to_owned(),
            no_figures: self.no_figures.trim().to_owned(),
            place: self.place.trim().to_owned(),
            changes: self.changes == "yes",
            year_to_date: self.year_to_date == "yes",
            carry_over: self.carry_over == "yes",
        }
    }
}

/// Which style to open.
#[derive(Debug, Deserialize)]
pub struct StyleQuery {
    #[serde(default)]
    name: String,
}

/// The workshop: empty for a new style, or with the one of the query.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<StyleQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let mut workshop = empty(shell);
    if !query.name.is_empty() {
        let stored = report_styles::find(&app, &caller.actor, &query.name).await?;
        workshop.form = StyleForm::of(&stored.name, Some(stored.version), stored.is_default, &stored.style);
        workshop.ready = true;
        preview(&app, &caller.actor, &stored.style, IsoWeek::of(app.today()), &mut workshop).await?;
    }
    render(StatusCode::OK, &workshop)
}

fn empty(shell: Shell) -> Workshop {
    Workshop {
        shell,
        message: String::new(),
        document: String::new(),
        form: StyleForm::default(),
        ready: false,
        compared: false,
        differences: 0,
        lines: Vec::new(),
        unreadable: String::new(),
        preview: String::new(),
        of_week: String::new(),
    }
}

async fn preview(
    app: &App,
    actor: &crate::domain::actor::Actor,
    style: &ReportStyle,
    week: IsoWeek,
    workshop: &mut Workshop,
) -> Result<(), ServiceError> {
    workshop.preview = report_styles::preview(app, actor, style, week).await?;
    workshop.of_week = week.to_string();
    Ok(())
}

/// Derives, tries, saves or removes a style.
pub async fn act(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<StyleForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let actor = &caller.actor;
    if form.action == "remove" {
        report_styles::remove(&app, actor, &form.was, form.version.parse().ok()).await?;
        return Ok(redirect("/styles"));
    }
    let shell = Shell::of(&app, &request, &caller, "report").await?;
    let t = shell.t;
    let mut workshop = empty(shell);
    workshop.document.clone_from(&form.document);
    let outcome = async {
        let derive = form.action == "derive";
        let style = if derive { None } else { Some(form.style()) };
        let mut week = IsoWeek::of(app.today());
        let style = if form.document.trim().is_empty() {
            style.unwrap_or_default()
        } else {
            let twin = report_styles::twin(&app, actor, form.document.clone(), style).await?;
            week = twin.week;
            workshop.compared = true;
            workshop.differences = twin.twin.differences();
            workshop.unreadable = twin.unreadable.join(", ");
            workshop.lines = twin.twin.lines.iter().map(|line| shown(line.side, &line.text)).collect();
            twin.style
        };
        workshop.form = StyleForm {
            document: String::new(),
            was: form.was.clone(),
            ..StyleForm::of(&form.name, form.version.parse().ok(), form.is_default == "yes", &style)
        };
        workshop.ready = true;
        preview(&app, actor, &style, week, &mut workshop).await?;
        if form.action != "save" {
            return Ok(false);
        }
        let save = SaveStyle {
            name: form.name.clone(),
            style,
            is_default: Some(form.is_default == "yes"),
            before: if form.name.trim() == form.was {
                form.version.parse().map_or(Before::Nothing, Before::Version)
            } else {
                Before::Nothing
            },
        };
        report_styles::save(&app, actor, save).await?;
        Ok::<_, ServiceError>(true)
    };
    match outcome.await {
        Ok(true) => Ok(redirect("/styles")),
        Ok(false) => render(StatusCode::OK, &workshop),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Stale { .. } | ServiceError::Conflict(_))) => {
            workshop.message = refusal(t, error);
            if !workshop.ready && form.action != "derive" {
                workshop.form = form;
                workshop.ready = true;
            }
            render(StatusCode::UNPROCESSABLE_ENTITY, &workshop)
        }
        Err(other) => Err(other.into()),
    }
}

fn shown(side: Side, text: &str) -> Line {
    let (class, sign) = match side {
        Side::Both => ("same", " "),
        Side::Document => ("gone", "−"),
        Side::Style => ("come", "+"),
    };
    Line { class, sign, text: text.to_owned() }
}
