//! Files of other tools on their way into an import.

use super::{App, Choices, ImportReport, Run, ServiceError, aside, import_foreign_file};
use crate::{
    domain::{
        actor::Actor,
        checked::FieldError,
        foreign::{ForeignContext, ForeignFormat, ForeignProblem, Mapping, Refused, TEXT_LIMIT, read},
    },
    service::capture,
};

/// How files of another tool are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolFormat {
    /// Their format.
    pub format: ForeignFormat,
    /// Columns that people named.
    pub columns: Option<Mapping>,
    /// What tells the ids of this tool from those of another one with the same format; the name of the format where
    /// nobody chose one. At most 32 characters.
    pub source: String,
}

impl ToolFormat {
    /// From what people typed: the name of the format, a mapping of columns, a name for the source.
    pub fn of(from: &str, map: Option<&str>, source: Option<&str>) -> Result<Self, ServiceError> {
        let format: ForeignFormat = from.parse()?;
        let map = map.map(str::trim).filter(|map| !map.is_empty());
        if map.is_some() && format != ForeignFormat::Csv {
            return Err(FieldError::shape("map", "only csv has columns to map").into());
        }
        let source = match source.map(str::trim).filter(|source| !source.is_empty()) {
            None => format.code().to_owned(),
            Some(source) => crate::domain::checked::line("source", source, 32)?,
        };
        Ok(Self { format, columns: map.map(str::parse).transpose()?, source })
    }
}

/// What became of a file of another tool.
#[derive(Debug, Clone)]
pub struct ToolReport {
    /// What became of its events.
    pub report: ImportReport,
    /// Entries that were not taken.
    pub refused: Vec<Refused>,
}

/// Reads a file of another tool and imports its events as one file of a run. `file_name` is none where there is no
/// file.
pub async fn import_tool_file(
    app: &App,
    actor: &Actor,
    run: &mut Run,
    how: &ToolFormat,
    file_name: Option<&str>,
    bytes: Vec<u8>,
) -> Result<ToolReport, ServiceError> {
    if bytes.len() > TEXT_LIMIT {
        return Err(ForeignProblem::TooLarge.into());
    }
    let (capture, file, columns, format) =
        (capture::context(app, None), file_name.map(str::to_owned), how.columns.clone(), how.format);
    let reading = aside(move || {
        let text = String::from_utf8(bytes)
            .map_err(|error| ForeignProblem::NotUtf8 { at: error.utf8_error().valid_up_to() })?;
        let context = ForeignContext { capture, file_name: file.as_deref(), columns: columns.as_ref() };
        Ok(read(format, &text, &context)?)
    })
    .await?;
    let name = file_name.unwrap_or(&how.source);
    let report = import_foreign_file(app, actor, run, &how.source, name, reading.events, &Choices::new()).await?;
    Ok(ToolReport { report, refused: reading.refused })
}
