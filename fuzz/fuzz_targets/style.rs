//! Any style of a team, and any template in it: refused or written within bounds of time and space.
#![no_main]

use chrono_tz::Asia::Shanghai;
use fupan_fuzz::{
    domain::{
        iso_week::IsoWeek,
        report::{
            render::SectionsContent,
            style::ReportStyle,
            template::Writer,
        },
    },
    today,
};
use libfuzzer_sys::fuzz_target;

fn write(style: &ReportStyle) {
    let Ok(writer) = Writer::new(style, IsoWeek::of(today()), Shanghai) else { return };
    if let Ok(text) = writer.sections(&SectionsContent::default()) {
        assert!(text.len() < 16_000_000, "{} bytes", text.len());
    }
}

fuzz_target!(|text: &str| {
    if let Ok(style) = serde_json::from_str::<ReportStyle>(text) {
        write(&style);
    }
    for part in 0..5 {
        let mut style = ReportStyle::default();
        let place = match part {
            0 => &mut style.figures,
            1 => &mut style.events,
            2 => &mut style.figure,
            3 => &mut style.counts,
            _ => &mut style.event,
        };
        *place = text.to_owned();
        write(&style);
    }
});
