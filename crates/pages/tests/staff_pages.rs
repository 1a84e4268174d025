//! Every staff page × state × language keeps the rules of the house.

use mingfen_pages::Language;
use mingfen_pages::samples::Sample;
use mingfen_pages::staff::{StaffFrame, samples};

fn each(mut check: impl FnMut(&Sample, &StaffFrame)) {
    for language in Language::ALL {
        let frame = samples::frame(language);
        for sample in samples::all(&frame).expect("every sample renders") {
            check(&sample, &frame);
        }
    }
}

fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn check_balance(name: &str, html: &str) {
    const VOID: [&str; 8] = ["meta", "link", "input", "br", "hr", "img", "wbr", "col"];
    let mut open = Vec::new();
    for rest in html.split('<').skip(1) {
        let tag = rest.split('>').next().expect("a tag ends");
        if tag.starts_with('!') {
            continue;
        }
        let element = tag.trim_start_matches('/').split([' ', '/', '\n']).next().expect("a name");
        if tag.ends_with('/') || VOID.contains(&element) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(element), "{name}: closes the wrong element");
        } else {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: never closed {open:?}");
}

#[test]
fn every_page_has_one_heading_one_main_and_one_language() {
    each(|sample, frame| {
        assert_eq!(count(&sample.html, "<h1"), 1, "{}", sample.file_stem());
        assert_eq!(count(&sample.html, "<main"), 1, "{}", sample.file_stem());
        assert!(sample.html.contains(&format!("<html lang=\"{}\"", frame.language.tag())));
    });
}

#[test]
fn tags_are_in_balance_and_ids_are_unique() {
    each(|sample, _| {
        check_balance(&sample.file_stem(), &sample.html);
        let mut ids = values(&sample.html, "id");
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{}: an id stands twice", sample.file_stem());
    });
}

#[test]
fn pages_run_under_a_strict_policy() {
    each(|sample, _| {
        for forbidden in [" style=", "<style", " onclick", " onload", " onsubmit", " onchange", "javascript:"]
        {
            assert!(!sample.html.contains(forbidden), "{}: {forbidden}", sample.file_stem());
        }
        for script in sample.html.split("<script").skip(1) {
            let script = script.split("</script>").next().unwrap_or_default();
            assert!(script.starts_with(" src=\"/assets/") && script.ends_with('>'), "{script}");
        }
    });
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    each(|sample, _| {
        for form in sample.html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            if form.contains("method=\"post\"") {
                assert!(
                    form.contains("name=\"csrf\" value=\"sample-csrf\""),
                    "{}: {form}",
                    sample.file_stem()
                );
            }
        }
    });
}

#[test]
fn every_field_is_named_for_readers() {
    each(|sample, _| {
        let labelled: Vec<&str> = values(&sample.html, "for");
        for field in sample.html.split('<').filter(|tag| {
            (tag.starts_with("input ") || tag.starts_with("select ") || tag.starts_with("textarea "))
                && !tag.contains("type=\"hidden\"")
        }) {
            let id = values(field, "id").first().copied().unwrap_or_default();
            let named =
                field.contains("aria-label") || field.contains("aria-hidden") || labelled.contains(&id);
            let inside =
                sample.html.contains(&format!("<label><{}", field.split('>').next().unwrap_or_default()));
            let in_label = inside || field.contains("data-in-label");
            assert!(named || in_label, "{}: {field}", sample.file_stem());
        }
    });
}

#[test]
fn states_have_an_icon_and_a_word() {
    each(|sample, _| {
        for state in sample.html.split("<span class=\"st ").skip(1) {
            let inner = state.split_once('>').map(|(_, rest)| rest).unwrap_or_default();
            assert!(inner.starts_with("<svg"), "{}: a state without icon", sample.file_stem());
        }
    });
}
