//! `fupan figures`.

use std::{io::Read as _, path::PathBuf};

use anyhow::Context;
use clap::Subcommand;

use super::out::data;
use crate::domain::reliability::{self, Case};

/// 可靠性指标。 Figures of the reliability.
#[derive(Debug, Subcommand)]
pub(super) enum Figures {
    /// 计算一个算例的可用性、成功率、停机、次数和 MTTR（读写 JSON）。 Compute availability, success rates, downtime, incident counts and MTTR of a case (JSON in, JSON out).
    Compute {
        /// 算例，默认标准输入。 The case; by default standard input.
        file: Option<PathBuf>,
    },
}

pub(super) fn run(figures: Figures) -> anyhow::Result<()> {
    let Figures::Compute { file } = figures;
    let (name, text) = if let Some(file) = file.filter(|file| file.as_os_str() != "-") {
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        (file.display().to_string(), text)
    } else {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        ("standard input".to_owned(), text)
    };
    let case: Case = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .with_context(|| format!("{name} is no case of figures"))?;
    let answer = reliability::compute(&case).with_context(|| name)?;
    data(&serde_json::to_string_pretty(&answer)?);
    Ok(())
}
