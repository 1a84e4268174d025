//! Somebody of the hospital's staff at a screen: signs in, follows links, fills in forms, as a browser sends it.

use crate::hospital::Hospital;
use crate::patient::Page;
use mingfen_domain::access::Role;
use mingfen_domain::{Clock, Timestamp};
use mingfen_gateway::service::staff::{NewAccount, add_staff};
use mingfen_vault::totp;
use std::collections::BTreeMap;
use url::Url;

/// The password that people in stories choose.
pub const PASSWORD: &str = "雨夜里走回家的那条路";

/// A person at a screen.
#[derive(Clone)]
pub struct Person {
    client: reqwest::Client,
    /// What the browser keeps.
    pub cookies: BTreeMap<String, String>,
    /// What the last answers said of the cookies that they set.
    pub set_cookies: Vec<String>,
    base: String,
    /// 工号.
    pub staff_no: String,
    /// The second factor, as the person's phone has it.
    pub secret: Option<Vec<u8>>,
    /// Kept when they were shown.
    pub recovery: Vec<String>,
}

impl Hospital {
    /// Gives somebody an account and has them sign in for the first time.
    pub async fn employs(&self, staff_no: &str, name: &str, roles: &[Role]) -> Person {
        let first = self.makes_account(staff_no, name, roles).await;
        let mut person = self.person(staff_no);
        let page = person.begins(&first, self.clock.now()).await;
        assert_eq!(page.status, 200, "{} {}", page.url, page.text);
        person
    }

    /// Makes an account; answers with its first password.
    pub async fn makes_account(&self, staff_no: &str, name: &str, roles: &[Role]) -> String {
        let account = NewAccount {
            staff_no: staff_no.into(),
            name: name.into(),
            roles: roles.to_vec(),
            place: String::new(),
        };
        add_staff(self.gateway(), &account, "story").await.expect("an account")
    }

    /// A browser in which nobody is signed in.
    pub fn person(&self, staff_no: &str) -> Person {
        Person::at(&self.replica.internal_url, staff_no)
    }
}

impl Person {
    /// A browser at this address.
    pub fn at(internal_url: &str, staff_no: &str) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/108.0 Safari/537.36")
            .build()
            .expect("a browser");
        Self {
            client,
            cookies: BTreeMap::new(),
            set_cookies: Vec::new(),
            base: internal_url.trim_end_matches('/').to_owned(),
            staff_no: staff_no.to_owned(),
            secret: None,
            recovery: Vec::new(),
        }
    }

    fn absolute(&self, path: &str) -> Url {
        Url::parse(&self.base).expect("an address").join(path).expect("an address")
    }

    /// One request, without following where it leads: status, the way on, and the page.
    pub async fn sends(
        &mut self,
        method: &str,
        path: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> (Option<String>, Page) {
        self.tries_to_send(method, path, fields).await.expect("an answer")
    }

    /// The same; an error when the browser says that nobody answers.
    async fn tries_to_send(
        &mut self,
        method: &str,
        path: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> Result<(Option<String>, Page), reqwest::Error> {
        let url = self.absolute(path);
        let mut request = self.client.request(method.parse().expect("a method"), url.clone());
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(fields) = fields {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("a cookie");
            self.set_cookies.push(text.to_owned());
            if let Some((name, value)) = text.split(';').next().and_then(|pair| pair.split_once('=')) {
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let header =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, to) = (answer.status().as_u16(), header("location"));
        let referrer_policy = header("referrer-policy").unwrap_or_default();
        // A stream has no end to wait for.
        let streams = header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        if streams {
            return Ok((to, Page { url: url.to_string(), status, referrer_policy, text: String::new() }));
        }
        Ok((to, Page { url: url.to_string(), status, referrer_policy, text: answer.text().await? }))
    }

    async fn follows(&mut self, first: (Option<String>, Page)) -> Page {
        let (mut to, mut page) = first;
        for _ in 0..10 {
            match to {
                Some(path) => (to, page) = self.sends("GET", &path, None).await,
                None => return page,
            }
        }
        panic!("{} redirects for ever", page.url);
    }

    /// Opens a page.
    pub async fn opens(&mut self, path: &str) -> Page {
        let first = self.sends("GET", path, None).await;
        self.follows(first).await
    }

    /// Sends a form with exactly these fields.
    pub async fn posts(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let first = self.sends("POST", path, Some(fields)).await;
        self.follows(first).await
    }

    /// Fills in a form of a page: its token goes with it.
    pub async fn fills(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        self.tries_to_fill(page, path, fields).await.expect("an answer")
    }

    /// The same; an error when the browser says that nobody answers the form.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn tries_to_fill(
        &mut self,
        page: &Page,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, reqwest::Error> {
        let csrf = page.field("csrf").unwrap_or_else(|| panic!("{} has no form: {}", page.url, page.text));
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let first = self.tries_to_send("POST", path, Some(&all)).await?;
        Ok(self.follows(first).await)
    }

    /// Enters number and password.
    pub async fn enters(&mut self, password: &str) -> Page {
        let page = self.opens("/sign-in").await;
        let staff_no = self.staff_no.clone();
        self.fills(&page, "/sign-in", &[("staff_no", &staff_no), ("password", password)]).await
    }

    /// The first sign-in: the given password, one of one's own, and a second factor where the role needs it.
    pub async fn begins(&mut self, first: &str, now: Timestamp) -> Page {
        let page = self.enters(first).await;
        self.begins_from(&page, now).await
    }

    /// The same from the page on that asks for a password of one's own.
    pub async fn begins_from(&mut self, page: &Page, now: Timestamp) -> Page {
        let mut page =
            self.fills(page, "/sign-in/password", &[("password", PASSWORD), ("again", PASSWORD)]).await;
        if page.url.ends_with("/sign-in/enrol") {
            let secret = shown_secret(&page);
            let code = totp::code_at(&secret, now);
            self.secret = Some(secret);
            page = self.fills(&page, "/sign-in/enrol", &[("code", &code)]).await;
            self.recovery = list_items(&page, "recovery mono");
            page = self.opens("/").await;
        }
        page
    }

    /// Signs in again, with the code of that moment when it is asked for.
    pub async fn signs_in(&mut self, now: Timestamp) -> Page {
        let page = self.enters(PASSWORD).await;
        if !page.url.ends_with("/sign-in/code") {
            return page;
        }
        let code = totp::code_at(self.secret.as_deref().expect("the phone has it"), now);
        self.fills(&page, "/sign-in/code", &[("code", &code)]).await
    }
}

/// What stands beside the QR code for hands.
fn shown_secret(page: &Page) -> Vec<u8> {
    let (_, rest) = page.text.split_once("enrol__key\">").expect("the secret is shown");
    let text: String = rest.split('<').next().unwrap_or_default().split_whitespace().collect();
    let (mut bytes, mut pool, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            other => panic!("{other} is not base 32"),
        };
        pool = (pool << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((pool >> bits) & 255).expect("a byte"));
        }
    }
    bytes
}

/// The items of the list of that class.
fn list_items(page: &Page, class: &str) -> Vec<String> {
    let Some((_, rest)) = page.text.split_once(&format!("class=\"{class}\">")) else { return Vec::new() };
    let list = rest.split("</ul>").next().unwrap_or_default();
    list.split("<li>").skip(1).filter_map(|item| item.split("</li>").next()).map(str::to_owned).collect()
}
