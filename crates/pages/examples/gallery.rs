//! Writes every page in every state, language and size to static files, with a table of contents.
//!
//! `cargo run -p mingfen-pages --example gallery -- OUT_DIR`

use std::{env, error::Error, fmt::Write, fs, path::Path};

use mingfen_pages::{Language, assets, docs, samples, staff};

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::args().nth(1).ok_or("say where to: gallery OUT_DIR")?;
    let out = Path::new(&out);
    fs::create_dir_all(out.join("assets"))?;
    for asset in assets::all() {
        fs::write(out.join(asset.url().trim_start_matches('/')), asset.bytes)?;
    }
    let mut index = String::from("<!doctype html><meta charset=\"utf-8\"><title>Gallery</title><ul>");
    for language in Language::ALL {
        for elder in [false, true] {
            for sample in samples::all(&samples::frame(language, elder))? {
                let size = if elder { "-elder" } else { "" };
                let name = format!("{}.{}{size}.html", sample.file_stem(), language.tag());
                // Files have no server: assets are found beside them, and nothing goes away by itself.
                let html = sample
                    .html
                    .replace("\"/assets/", "\"assets/")
                    .replace("http-equiv=\"refresh\"", "data-off");
                fs::write(out.join(&name), html)?;
                write!(index, "<li><a href=\"{name}\">{name}</a>")?;
            }
        }
    }
    for language in Language::ALL {
        for sample in staff::samples::all(&staff::samples::frame(language))? {
            let name = format!("staff-{}.{}.html", sample.file_stem(), language.tag());
            fs::write(out.join(&name), sample.html.replace("\"/assets/", "\"assets/"))?;
            write!(index, "<li><a href=\"{name}\">{name}</a>")?;
        }
    }
    fs::write(out.join("api.html"), docs::sample()?.replace("\"/assets/", "\"assets/"))?;
    index.push_str("<li><a href=\"api.html\">api.html</a></ul>");
    fs::write(out.join("index.html"), index)?;
    Ok(())
}
