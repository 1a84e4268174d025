//! A patient with a phone: follows links, fills in forms, pays in the app. Everything goes over HTTP as a browser sends it.

use mingfen_simulator::Running;
use mingfen_simulator::alipay::Alipay;
use mingfen_simulator::wechat::{JsapiCall, Wechat};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// The app whose browser it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// WeChat.
    Wechat,
    /// Alipay.
    Alipay,
    /// No app: an ordinary browser.
    Browser,
}

impl App {
    const fn user_agent(self) -> &'static str {
        match self {
            Self::Wechat => {
                "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/86.0 Mobile Safari/537.36 MicroMessenger/8.0.44"
            }
            Self::Alipay => {
                "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/86.0 Mobile Safari/537.36 AliApp(AP/10.5.0) AlipayClient/10.5.0"
            }
            Self::Browser => "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
        }
    }
}

/// A page as it came.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where the browser ended up.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// What the browser may say of this page to the next one.
    pub referrer_policy: String,
    /// What it holds.
    pub text: String,
}

impl Page {
    /// The value of a hidden field.
    pub fn field(&self, name: &str) -> Option<String> {
        let marker = format!("name=\"{name}\" value=\"");
        let start = self.text.find(&marker)? + marker.len();
        let end = self.text[start..].find('"')? + start;
        Some(unescape(&self.text[start..end]))
    }

    /// The value of an attribute that occurs once.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let marker = format!("{name}=\"");
        let start = self.text.find(&marker)? + marker.len();
        let end = self.text[start..].find('"')? + start;
        Some(unescape(&self.text[start..end]))
    }

    /// The page's heading.
    pub fn heading(&self) -> String {
        let start = self
            .text
            .find("<h1")
            .and_then(|at| self.text[at..].find('>').map(|end| at + end + 1))
            .unwrap_or(0);
        let end = self.text[start..].find("</h1>").map_or(start, |end| start + end);
        words(&self.text[start..end])
    }

    /// Says that a person reads these words on the page.
    pub fn says(&self, wanted: &str) -> &Self {
        let read = words(&self.text);
        assert!(read.contains(wanted), "{} ({}) does not say {wanted:?}: {read}", self.url, self.status);
        self
    }

    /// The last part of the address: a payment's reference on its pages.
    pub fn reference(&self) -> String {
        let path = Url::parse(&self.url).expect("an address").path().to_owned();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// What is left without markup. Clauses are kept together by markup without a blank, so none is put between.
fn words(html: &str) -> String {
    let body = html.find("<body").map_or(html, |at| &html[at..]);
    let (mut plain, mut inside) = (String::new(), false);
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    unescape(&plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&#60;", "<")
        .replace("&gt;", ">")
        .replace("&#62;", ">")
        .replace("&amp;", "&")
        .replace("&#38;", "&")
}

/// A patient.
pub struct Patient {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
    wechat: Arc<Wechat>,
    alipay: Arc<Alipay>,
    app: App,
    /// What the page before says of itself to the next one.
    referer: Option<String>,
    /// What the code on the slip holds.
    pub link: String,
}

impl Patient {
    /// A phone that has seen nothing yet.
    pub fn new(simulator: &Running, app: App, link: String) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A connection for each request: behind a balancer any process may answer the next one.
            .pool_max_idle_per_host(0)
            .user_agent(app.user_agent())
            .build()
            .expect("a browser");
        Self {
            client,
            cookies: BTreeMap::new(),
            wechat: simulator.wechat().clone(),
            alipay: simulator.alipay().clone(),
            app,
            referer: None,
            link,
        }
    }

    /// The same phone, twice: what a double tap sends at the same moment.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            client: self.client.clone(),
            cookies: self.cookies.clone(),
            wechat: self.wechat.clone(),
            alipay: self.alipay.clone(),
            app: self.app,
            referer: self.referer.clone(),
            link: self.link.clone(),
        }
    }

    /// Opens an address and follows every redirect.
    pub async fn opens(&mut self, url: &str) -> Page {
        self.send(reqwest::Method::GET, url, None).await.expect("an answer")
    }

    /// Scans, and says where the provider's authorisation would be asked for, without going there.
    pub async fn steps_to_authorisation(&mut self) -> Url {
        let answer = self.client.get(&self.link).send().await.expect("an answer");
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("a cookie");
            if let Some((name, value)) = text.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = answer.headers().get("location").expect("a way on").to_str().expect("text");
        Url::parse(location).expect("an address")
    }

    /// Posts a form.
    pub async fn posts(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        self.tries_to_post(url, fields).await.expect("an answer")
    }

    /// Posts a form; an error when the browser says that there is no answer.
    async fn tries_to_post(&mut self, url: &str, fields: &[(&str, &str)]) -> reqwest::Result<Page> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(reqwest::Method::POST, url, Some(body)).await
    }

    /// Presses the link on a page. The next page is told where the browser comes from as the policies of this one allow: the
    /// header's, then what the page says of itself, then the link's own; the last one counts.
    pub async fn presses_link(&mut self, page: &Page, href: &str) -> Page {
        let mut policy = page.referrer_policy.clone();
        let meta = "<meta name=\"referrer\" content=\"";
        let quoted = |after: &str| after.split('"').next().unwrap_or_default().to_owned();
        if let Some((_, after)) = page.text.split_once(meta) {
            policy = quoted(after);
        }
        let shown = href.replace('&', "&#38;");
        let link =
            page.text.split("<a ").find(|link| link.contains(&shown)).expect("the link is on the page");
        let tag = link.split('>').next().unwrap_or_default();
        if let Some((_, after)) = tag.split_once("referrerpolicy=\"") {
            policy = quoted(after);
        }
        self.referer = match policy.as_str() {
            "origin" => Some(Self::at(page, "/")),
            "no-referrer" => None,
            other => panic!("a policy that no page of ours has: {other:?}"),
        };
        let next = self.opens(href).await;
        self.referer = None;
        next
    }

    async fn send(
        &mut self,
        method: reqwest::Method,
        url: &str,
        body: Option<String>,
    ) -> reqwest::Result<Page> {
        let (mut method, mut url, mut body) = (method, Url::parse(url).expect("an address"), body);
        for _ in 0..10 {
            let mut request = self.client.request(method.clone(), url.clone());
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !cookies.is_empty() {
                request = request.header("cookie", cookies.join("; "));
            }
            if let Some(referer) = &self.referer {
                request = request.header("referer", referer);
            }
            if let Some(body) = &body {
                request =
                    request.header("content-type", "application/x-www-form-urlencoded").body(body.clone());
            }
            let answer = request.send().await?;
            for cookie in answer.headers().get_all("set-cookie") {
                let text = cookie.to_str().expect("a cookie");
                if let Some((name, value)) = text.split(';').next().and_then(|pair| pair.split_once('=')) {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let status = answer.status().as_u16();
            let location =
                answer.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
            if let (301..=308, Some(location)) = (status, location) {
                url = url.join(&location).expect("an address");
                (method, body) = (reqwest::Method::GET, None);
                continue;
            }
            let referrer_policy = answer
                .headers()
                .get("referrer-policy")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned();
            return Ok(Page { url: url.to_string(), status, referrer_policy, text: answer.text().await? });
        }
        panic!("{url} redirects for ever");
    }

    /// An address on the host of the last page.
    fn at(page: &Page, path: &str) -> String {
        Url::parse(&page.url).expect("an address").join(path).expect("an address").to_string()
    }

    /// Scans, authorises, sees the list.
    pub async fn scans(&mut self) -> Page {
        let link = self.link.clone();
        self.opens(&link).await
    }

    /// Chooses slips by their number in the list, or all of them.
    pub async fn chooses(&mut self, list: &Page, numbers: &[usize]) -> Page {
        let all: Vec<usize> = (1..=list.text.matches("class=\"slip\"").count()).collect();
        let numbers = if numbers.is_empty() { &all } else { numbers };
        let csrf = list.field("csrf").expect("a form");
        let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let mut fields = vec![("csrf", csrf.as_str())];
        fields.extend(texts.iter().map(|text| ("slip", text.as_str())));
        self.posts(&Self::at(list, "/slips"), &fields).await
    }

    /// Confirms the number on file, or types one.
    pub async fn gives_phone(&mut self, page: &Page, typed: Option<&str>) -> Page {
        let csrf = page.field("csrf").expect("a form");
        let which = if typed.is_some() { "other" } else { "known" };
        self.posts(
            &Self::at(page, "/phone"),
            &[("csrf", &csrf), ("which", which), ("phone", typed.unwrap_or(""))],
        )
        .await
    }

    /// Presses "pay": ends on the page that opens the sheet, or on whatever the gateway says instead.
    pub async fn presses_pay(&mut self, confirm: &Page) -> Page {
        self.tries_to_pay(confirm).await.expect("an answer")
    }

    /// Presses "pay" at a gateway that may die meanwhile.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn tries_to_pay(&mut self, confirm: &Page) -> reqwest::Result<Page> {
        let csrf = confirm.field("csrf").expect("a form");
        let snapshot = confirm
            .field("snapshot")
            .unwrap_or_else(|| panic!("no snapshot on {}:\n{}", confirm.url, confirm.text));
        self.tries_to_post(&Self::at(confirm, "/pay"), &[("csrf", &csrf), ("snapshot", &snapshot)]).await
    }

    /// From the code to the last look before paying, for these slips (all when empty).
    pub async fn goes_to_confirm(&mut self, numbers: &[usize]) -> Page {
        let list = self.scans().await;
        let phone = self.chooses(&list, numbers).await;
        self.gives_phone(&phone, Some("13800001234")).await
    }

    /// From the code to the page that opens the sheet, for these slips (all when empty).
    pub async fn goes_to_the_sheet(&mut self, numbers: &[usize]) -> Page {
        let confirm = self.goes_to_confirm(numbers).await;
        self.presses_pay(&confirm).await
    }

    /// Enters the password in the sheet. What the app answers the page is of no interest to anyone.
    pub async fn pays_in_the_sheet(&mut self, sheet: &Page) {
        let call = sheet
            .attribute("data-call")
            .unwrap_or_else(|| panic!("no call on {} ({}):\n{}", sheet.url, sheet.status, sheet.text));
        let call: serde_json::Value = serde_json::from_str(&call).expect("JSON");
        match self.app {
            App::Wechat => {
                let call: JsapiCall = serde_json::from_value(call).expect("the parameters of the bridge");
                self.wechat.pay_jsapi(&call).expect("the app takes the call and pays");
            }
            App::Alipay => {
                let trade_no = call["tradeNO"].as_str().expect("a trade number");
                self.alipay.pay(trade_no).expect("the app pays");
            }
            App::Browser => panic!("an ordinary browser has no sheet"),
        }
    }

    /// The result page of a payment.
    pub async fn looks_at_result(&mut self, sheet: &Page) -> Page {
        let url = Self::at(sheet, &format!("/result/{}", sheet.reference()));
        self.opens(&url).await
    }

    /// The whole way, for all slips: answers the page that opened the sheet, after paying in it.
    pub async fn pays(&mut self, numbers: &[usize]) -> Page {
        let sheet = self.goes_to_the_sheet(numbers).await;
        self.pays_in_the_sheet(&sheet).await;
        sheet
    }
}
