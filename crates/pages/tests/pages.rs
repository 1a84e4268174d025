//! Every page × state × language × size keeps the rules of the house: one title, one money line, no inline style, nothing
//! personal where it does not belong, tags in balance, links that the gateway serves.

use mingfen_pages::{
    Frame, Language, assets, docs,
    samples::{self, Sample},
};

fn each(mut check: impl FnMut(&Sample, &Frame)) {
    for language in Language::ALL {
        for elder in [false, true] {
            let frame = samples::frame(language, elder);
            for sample in samples::all(&frame).expect("every sample renders") {
                check(&sample, &frame);
            }
        }
    }
}

fn is_print(sample: &Sample) -> bool {
    sample.page.starts_with("print-")
}

/// Staff have screens and keyboards: no larger type, no dock.
fn is_for_staff(sample: &Sample) -> bool {
    sample.page.starts_with("finance-")
}

fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn title(html: &str) -> &str {
    html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title")
}

/// The name of an element and whether the tag closes it, for every tag of the document.
fn tags(html: &str) -> Vec<(&str, bool, bool)> {
    let mut tags = Vec::new();
    for rest in html.split('<').skip(1) {
        let tag = rest.split('>').next().expect("a tag ends");
        if tag.starts_with('!') {
            continue;
        }
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().expect("a tag has a name");
        tags.push((name, closes, tag.ends_with('/')));
    }
    tags
}

fn check_balance(name: &str, html: &str) {
    const VOID: [&str; 7] = ["meta", "link", "input", "br", "hr", "img", "wbr"];
    let mut open = Vec::new();
    for (tag, closes, empty) in tags(html) {
        if empty || VOID.contains(&tag) {
            continue;
        }
        if closes {
            assert_eq!(open.pop(), Some(tag), "{name}: closes the wrong element");
        } else {
            open.push(tag);
        }
    }
    assert!(open.is_empty(), "{name}: never closed {open:?}");
}

#[test]
fn every_page_has_one_heading_and_one_language() {
    each(|sample, frame| {
        assert_eq!(count(&sample.html, "<h1"), 1, "{}", sample.file_stem());
        assert_eq!(count(&sample.html, "<main"), 1);
        assert!(sample.html.contains(&format!("<html lang=\"{}\"", frame.language.tag())));
        assert!(!title(&sample.html).is_empty());
    });
}

#[test]
fn tags_are_in_balance() {
    each(|sample, _| check_balance(&sample.file_stem(), &sample.html));
}

#[test]
fn the_money_line_is_where_it_belongs() {
    let with = ["02", "06-pay", "07", "09", "10", "11", "12", "13", "14", "16", "20"];
    each(|sample, _| {
        let expected = usize::from(with.iter().any(|page| sample.page.starts_with(page)));
        assert_eq!(count(&sample.html, "class=\"moneyline"), expected, "{}", sample.file_stem());
    });
}

#[test]
fn titles_and_addresses_say_nothing_personal() {
    each(|sample, _| {
        for personal in ["张*明", "阿卜杜拉", "6021", "138", "MZ2026", "CF2611"] {
            assert!(!title(&sample.html).contains(personal), "{}", sample.file_stem());
            for address in values(&sample.html, "href").into_iter().chain(values(&sample.html, "action")) {
                assert!(!address.contains(personal), "{}: {address}", sample.file_stem());
            }
        }
    });
}

#[test]
fn pages_run_under_a_strict_policy() {
    each(|sample, _| {
        for forbidden in
            [" style=", "<style", " onclick", " onload", " onsubmit", "javascript:", "src=\"data:"]
        {
            assert!(!sample.html.contains(forbidden), "{}: {forbidden}", sample.file_stem());
        }
        for script in sample.html.split("<script").skip(1) {
            let script = script.split("</script>").next().unwrap_or_default();
            assert!(
                script.starts_with(" src=\"/assets/") && script.ends_with('>'),
                "{}: {script}",
                sample.file_stem()
            );
        }
    });
}

#[test]
fn values_never_become_markup() {
    each(|sample, _| {
        assert!(!sample.html.contains("<script>"), "{}", sample.file_stem());
        assert!(!sample.html.contains("\"\"><"), "{}", sample.file_stem());
    });
}

#[test]
fn links_and_forms_lead_to_addresses_that_are_served() {
    let served = [
        "/s/",
        "/slips",
        "/phone",
        "/confirm",
        "/pay",
        "/result/",
        "/receipt/",
        "/history",
        "/lang",
        "/size",
        "/assets/",
        "/finance/",
        "#main",
        "tel:000088886000",
        "https://",
    ];
    each(|sample, _| {
        for address in values(&sample.html, "href").into_iter().chain(values(&sample.html, "action")) {
            assert!(
                served.iter().any(|start| address.starts_with(start)),
                "{}: {address}",
                sample.file_stem()
            );
            if address.starts_with("/assets/") {
                assert!(assets::find(address).is_some(), "{address}");
            }
        }
    });
}

#[test]
fn every_form_of_ours_that_posts_carries_its_token() {
    each(|sample, _| {
        for form in sample.html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            if form.contains("method=\"post\"") && form.contains("action=\"/") {
                assert_eq!(
                    count(form, "name=\"csrf\" value=\"sample-csrf\""),
                    1,
                    "{}: {form}",
                    sample.file_stem()
                );
            }
        }
    });
}

#[test]
fn ids_are_unique_and_what_points_to_them_finds_them() {
    each(|sample, _| {
        let ids = values(&sample.html, "id");
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(ids.len(), once.len(), "{}: {ids:?}", sample.file_stem());
        for attribute in ["for", "form", "aria-labelledby", "aria-describedby"] {
            for id in values(&sample.html, attribute) {
                assert!(ids.contains(&id), "{}: {attribute}={id}", sample.file_stem());
            }
        }
    });
}

#[test]
fn larger_type_is_asked_for_by_the_page() {
    each(|sample, frame| {
        if !sample.page.starts_with("print-slip") && !is_for_staff(sample) {
            assert_eq!(sample.html.contains("class=\"elder\""), frame.elder, "{}", sample.file_stem());
        }
        if !is_print(sample) && !is_for_staff(sample) {
            let pressed = format!("data-size aria-pressed=\"{}\"", frame.elder);
            assert!(sample.html.contains(&pressed), "{}", sample.file_stem());
        }
    });
}

#[test]
fn one_primary_way_in_each_dock() {
    each(|sample, _| {
        if !is_print(sample) && !is_for_staff(sample) {
            assert_eq!(count(&sample.html, "btn--primary"), 1, "{}", sample.file_stem());
        }
    });
}

#[test]
fn pages_that_wait_poll_and_refresh_without_script() {
    each(|sample, _| {
        let state = match sample.page {
            "07-waiting" => Some("waiting"),
            "09-paid-booking" => Some("booking"),
            "10-refund" if !sample.state.starts_with("arrived") => Some("refunding"),
            "16-busy-in-doubt" => Some("in-doubt"),
            "16-held" => Some("held"),
            _ => None,
        };
        assert_eq!(values(&sample.html, "data-state").first().copied(), state, "{}", sample.file_stem());
        if state.is_some() {
            assert_eq!(values(&sample.html, "data-poll"), ["/result/2K7M40QX9T/state"]);
            assert_eq!(count(&sample.html, "<noscript><meta http-equiv=\"refresh\""), 1);
            assert_eq!(count(&sample.html, "data-offline"), 1);
        }
    });
}

#[test]
fn english_pages_mark_what_is_chinese() {
    let frame = samples::frame(Language::En, false);
    for sample in samples::all(&frame).expect("every sample renders") {
        let mut marked = 0;
        let mut depth: Vec<bool> = Vec::new();
        for part in sample.html.split('<').skip(1) {
            let (tag, text) = part.split_once('>').unwrap_or((part, ""));
            if tag.starts_with('/') {
                depth.pop();
            } else if !tag.starts_with('!') && !tag.ends_with('/') && !is_void(tag) {
                let inside = depth.last().copied().unwrap_or_default();
                let chinese = if tag.contains("lang=\"zh-CN\"") {
                    true
                } else {
                    inside && !tag.contains("lang=\"en\"")
                };
                depth.push(chinese);
            }
            if text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
                marked += 1;
                // The label of a machine's own button stands in an English sentence.
                let known = text.contains("打印缴费单");
                assert!(known || depth.last() == Some(&true), "{}: {text}", sample.file_stem());
            }
        }
        assert!(marked > 0, "{}", sample.file_stem());
    }
}

fn is_void(tag: &str) -> bool {
    ["meta", "link", "input", "br", "hr"]
        .iter()
        .any(|void| tag == *void || tag.starts_with(&format!("{void} ")))
}

/// Sentences belong to the wording tables; templates hold markup only.
#[test]
fn templates_hold_no_words() {
    for folder in ["patient", "finance", "print", "parts"] {
        let path = format!("{}/templates/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(path).expect("a folder of templates") {
            let path = entry.expect("an entry").path();
            let mut text = std::fs::read_to_string(&path).expect("a template");
            for (open, close) in [("{{", "}}"), ("{%", "%}"), ("<", ">")] {
                while let Some(start) = text.find(open) {
                    let end = text[start..].find(close).expect("it ends") + start + close.len();
                    text.replace_range(start..end, "");
                }
            }
            // What a page adds to the tag of its `main` stands outside of any tag.
            while let Some(start) = text.find(" data-") {
                let value = text[start..].find('"').expect("a value") + start + 1;
                let end = text[value..].find('"').expect("it ends") + value + 1;
                text.replace_range(start..end, "");
            }
            assert!(!text.chars().any(char::is_alphabetic), "{}: {}", path.display(), text.trim());
        }
    }
}

#[test]
fn the_documentation_page_is_in_balance_and_needs_nothing_from_elsewhere() {
    let html = docs::sample().expect("it renders");
    check_balance("docs", &html);
    assert_eq!(count(&html, "<h1"), 1);
    for forbidden in [" style=", "<style", "<script", "//cdn", "src=\"http"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let ids = values(&html, "id");
    for address in values(&html, "href").into_iter().filter(|address| address.starts_with('#')) {
        assert!(ids.contains(&&address[1..]), "{address}");
    }
}
