//! A form as it was received: decoded once, every name kept, in the bytes of its own charset.

use super::sign::{FormRule, Parameter, form_text};
use encoding_rs::Encoding;
use std::borrow::Cow;

/// More names than any notification has; a guard, not a rule of Alipay.
const MOST_PARAMETERS: usize = 256;

/// A decoded form. The signature is over its bytes, so they are turned into text only afterwards.
pub(super) struct Form<'a> {
    parameters: Vec<Parameter<'a>>,
}

/// Why a body is not a form that can be trusted to mean one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAForm {
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Percent,
    #[error("a name stands in it twice")]
    Doubled,
    #[error("it has too many parameters")]
    TooMany,
}

impl<'a> Form<'a> {
    /// Decodes `+` to a blank, then `%XX`, once.
    pub fn parse(body: &'a [u8]) -> Result<Self, NotAForm> {
        let mut parameters: Vec<Parameter<'a>> = Vec::with_capacity(32);
        for pair in body.trim_ascii().split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == MOST_PARAMETERS {
                return Err(NotAForm::TooMany);
            }
            let (name, value) = match pair.iter().position(|&byte| byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[pair.len()..]),
            };
            let name = decoded(name)?;
            if parameters.iter().any(|(earlier, _)| *earlier == name) {
                return Err(NotAForm::Doubled);
            }
            parameters.push((name, decoded(value)?));
        }
        Ok(Self { parameters })
    }

    /// The text that was signed, under that rule.
    pub fn signed_text(&self, rule: FormRule) -> Vec<u8> {
        form_text(&self.parameters, rule)
    }

    /// A value as text, read in the form's own charset; `None` when it is absent, empty or not text.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let value = self.bytes(name)?;
        if value.is_ascii() {
            return std::str::from_utf8(value).ok().map(Cow::Borrowed);
        }
        self.charset()?.decode_without_bom_handling_and_without_replacement(value)
    }

    fn charset(&self) -> Option<&'static Encoding> {
        match self.bytes("charset") {
            None => Some(encoding_rs::UTF_8),
            Some(label) => Encoding::for_label(label),
        }
    }

    fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.parameters
            .iter()
            .find(|(candidate, value)| candidate.as_ref() == name.as_bytes() && !value.is_empty())
            .map(|(_, value)| value.as_ref())
    }
}

fn decoded(text: &[u8]) -> Result<Cow<'_, [u8]>, NotAForm> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return Ok(Cow::Borrowed(text));
    }
    let digit = |byte: Option<&u8>| {
        byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let high = digit(text.get(at + 1)).ok_or(NotAForm::Percent)?;
                let low = digit(text.get(at + 2)).ok_or(NotAForm::Percent)?;
                bytes.push(high << 4 | low);
                at += 2;
            }
            other => bytes.push(other),
        }
        at += 1;
    }
    Ok(Cow::Owned(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_once() {
        let form =
            Form::parse(b"subject=%E5%BC%A0%2B+%E4%B8%89&passback_params=w%253D1&empty=&bare").unwrap();
        assert_eq!(form.text("subject").as_deref(), Some("张+ 三"));
        assert_eq!(form.text("passback_params").as_deref(), Some("w%3D1"));
        assert_eq!(form.text("empty"), None);
        assert_eq!(form.text("missing"), None);
    }

    #[test]
    fn values_are_read_in_the_charset_that_the_form_names() {
        let form = Form::parse(b"charset=GBK&subject=%C3%C5%D5%EF").unwrap();
        assert_eq!(form.text("subject").as_deref(), Some("门诊"));
        let form = Form::parse(b"charset=utf-8&subject=%C3%C5%D5%EF").unwrap();
        assert_eq!(form.text("subject"), None);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert_eq!(Form::parse(b"a=1&b=2&a=3").err(), Some(NotAForm::Doubled));
        for torn in [&b"a=%"[..], b"a=%4", b"a=%zz"] {
            assert_eq!(Form::parse(torn).err(), Some(NotAForm::Percent));
        }
        assert_eq!(Form::parse("a&".repeat(300).as_bytes()).err(), Some(NotAForm::Doubled));
    }
}
