//! `mingfen slip`: a fee slip for paper, or its code alone.

use super::keys::write_new;
use crate::arguments::{Slip, SlipPaper};
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::Screen;
use anyhow::Context;
use mingfen_config::Sources;
use mingfen_domain::ids::SlipNo;
use mingfen_gateway::service::{SheetError, SheetOptions, SlipLink, slip_link, slip_sheet};
use mingfen_pages::print_slip::{CodeSize, Paper};
use mingfen_pages::qr::{self, QrOptions};
use serde_json::json;

/// What a file's ending asks for.
enum Form {
    Sheet,
    Png,
    Svg,
}

pub async fn run(sources: &Sources, options: &Slip, screen: &mut Screen) -> anyhow::Result<Exit> {
    let form = match options.out.extension().and_then(|ending| ending.to_str()) {
        Some("html") => Form::Sheet,
        Some("png") => Form::Png,
        Some("svg") => Form::Svg,
        _ => return Err(Refusal("--out must end in .html, .png or .svg".into()).into()),
    };
    let slips = options.slips.iter().map(|number| SlipNo::parse(number.as_str()));
    let slips = slips.collect::<Result<Vec<_>, _>>().map_err(|error| Refusal(format!("--slip: {error}")))?;
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    let patient = gateway.patient_of_card(&options.card).await.context("HIS was asked whose the card is")?;
    let Some(patient) = patient else {
        return Err(Refusal(format!("HIS knows no card {:?}", options.card)).into());
    };
    let by = format!("cli:{}", options.by);
    let link = match form {
        Form::Sheet => {
            let look = SheetOptions {
                paper: match options.paper {
                    SlipPaper::A5 => Paper::A5,
                    SlipPaper::Roll80 => Paper::Roll80,
                    SlipPaper::Roll58 => Paper::Roll58,
                },
                code_size: CodeSize { margin: options.margin, dots: options.dots },
            };
            let sheet = slip_sheet(&gateway, &patient, &slips, look, &by).await.map_err(refused)?;
            write_new(&options.out, sheet.html.as_bytes())?;
            sheet.link
        }
        Form::Png | Form::Svg => {
            let link = slip_link(&gateway, &patient, &by).await?;
            let code = qr::QrCode::new(&link.url, qr::Level::M)?;
            let usual = QrOptions::default();
            let look =
                QrOptions { dots: options.dots.unwrap_or(usual.dots), margin: options.margin, ..usual };
            let bytes = match form {
                Form::Png => code.png(&look)?,
                Form::Sheet | Form::Svg => code.svg(&look)?.into_bytes(),
            };
            write_new(&options.out, &bytes)?;
            link
        }
    };
    tell(&link, options, screen);
    Ok(Exit::Done)
}

fn refused(error: SheetError) -> anyhow::Error {
    match error {
        SheetError::NotMatched | SheetError::NothingOwed => Refusal(error.to_string()).into(),
        other => other.into(),
    }
}

fn tell(link: &SlipLink, options: &Slip, screen: &mut Screen) {
    let path = options.out.display();
    if options.json {
        screen.json(&json!({
            "out": path.to_string(),
            "link": link.url,
            "expires_at": link.expires_at.to_rfc3339(),
        }));
    } else {
        screen.line(format!("wrote {path}; its code works until {}", link.expires_at));
    }
}
