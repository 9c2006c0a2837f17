//! `fupan figures import-openslo`.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, say},
};
use crate::{
    domain::{
        indicator::{IndicatorFields, IndicatorKind},
        openslo::{self, Reading, Slo},
    },
    service::{
        ServiceError,
        indicators::{self, DefinitionFields},
        services,
    },
};

pub(super) async fn run(session: &Session, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let read = openslo::read(&text, session.app.zone.name()).map_err(ServiceError::from)?;
    let mut refused = 0;
    for (named, reading) in read {
        match reading {
            Reading::LeftOut(words) => say(&format!("{named}：跳过 left out: {words}")),
            Reading::Refused(words) => {
                refused += 1;
                say(&format!("{named}：不能导入 refused: {words}"));
            }
            Reading::Slo(slo, warnings) => {
                for words in warnings {
                    say(&format!("{named}：注意 note: {words}"));
                }
                if !dry_run {
                    make(session, &named, &slo).await?;
                }
                data(&format!("{}\t{}\t{}≥{}", slo.key, slo.name, slo.window.code(), slo.target));
            }
        }
    }
    if refused > 0 { Err(Exit(CHECK_FOUND).into()) } else { Ok(()) }
}

/// Makes the indicator unless it is there, and sets its objective.
async fn make(session: &Session, named: &str, slo: &Slo) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match indicators::find(app, actor, &slo.key).await {
        Ok(_) => {}
        Err(ServiceError::NotFound(_)) => {
            let service_id = match &slo.service {
                None => None,
                Some(name) => match services::find(app, actor, name).await {
                    Ok(service) => Some(service.id),
                    Err(ServiceError::NotFound(_)) => {
                        say(&format!(
                            "{named}：没有业务线或组件“{name}”，指标先不归属 there is no service of this name"
                        ));
                        None
                    }
                    Err(error) => return Err(error.into()),
                },
            };
            let fields = IndicatorFields {
                key: slo.key.clone(),
                name: slo.name.clone(),
                kind: IndicatorKind::SuccessRate,
                service_id,
                unit: Some("%".to_owned()),
                digits: 3,
                lower_is_better: false,
                archived: false,
            };
            let first = DefinitionFields { valid_from: app.today(), exclusions: BTreeMap::new(), note: None };
            indicators::create(app, actor, fields, first).await?;
        }
        Err(error) => return Err(error.into()),
    }
    indicators::put_objective(app, actor, &slo.key, slo.window, slo.target, None).await?;
    Ok(())
}
