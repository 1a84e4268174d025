//! Following the address that Alipay gives for a bill: thirty seconds of life, and only to hosts that a setting allows.

use super::super::Alipay;
use crate::arriving::{self, Arriving};
use crate::http::{BaseUrl, Body, HttpRequest, Method};
use mingfen_provider_api::CallError;
use std::io::Read;
use std::path::Path;
use url::Url;

const LARGEST_PACKED_BYTES: u64 = 256 * 1024 * 1024;
const MOST_REDIRECTS: usize = 3;

/// Where a bill may be downloaded from.
pub(in crate::alipay) struct DownloadPlaces {
    /// `dwbillcenter.alipay.com`, or `*.alipay.com` for every host below it.
    hosts: Vec<String>,
    /// Replaces scheme, host and port of the given address: a simulator, a proxy of the intranet.
    override_by: Option<BaseUrl>,
}

impl DownloadPlaces {
    /// Reads a list of hosts with commas between them.
    ///
    /// # Errors
    /// What is wrong with the list.
    pub fn new(hosts: &str, override_by: Option<BaseUrl>) -> Result<Self, String> {
        let hosts: Vec<String> = hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).collect();
        let wellformed = |host: &String| {
            let name = host.strip_prefix("*.").unwrap_or(host);
            name.contains('.')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        };
        match hosts.iter().find(|host| !wellformed(host)) {
            Some(bad) => Err(format!(
                "{bad:?} is no host; wanted are names as dwbillcenter.alipay.com or *.alipay.com"
            )),
            None => Ok(Self { hosts, override_by }),
        }
    }

    /// Whether every download stays on this machine.
    pub fn is_plain_only(&self) -> bool {
        self.override_by.as_ref().is_some_and(BaseUrl::is_plain)
    }

    /// Where to download from really. Alipay hands out plain `http` too; it is fetched by `https`.
    fn resolve(&self, mut url: Url) -> Result<Url, CallError> {
        if let Some(base) = &self.override_by {
            base.take_over(&mut url)?;
            return Ok(url);
        }
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let allowed = self.hosts.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(ending) => host.ends_with(ending),
            None => host == *pattern,
        });
        if !allowed {
            return Err(CallError::NotSent(format!(
                "the bill lies at {host}, which bill_hosts does not allow"
            )));
        }
        if url.scheme() == "http" {
            url.set_scheme("https")
                .map_err(|()| CallError::NotSent("the bill's address cannot be read".to_owned()))?;
        }
        Ok(url)
    }
}

impl Alipay {
    /// Fetches the archive into a file, checking every redirect like the address itself; `look` sees the file on the thread that
    /// wrote it.
    pub(super) async fn download(
        &self,
        address: &str,
        directory: &Path,
        look: impl FnOnce(&Arriving) -> Result<(), CallError> + Send + 'static,
    ) -> Result<Arriving, CallError> {
        let mut url = Url::parse(address).map_err(|_| torn("bill_download_url is no address".to_owned()))?;
        for _ in 0..=MOST_REDIRECTS {
            url = self.download_places.resolve(url)?;
            let request =
                HttpRequest { method: Method::GET, url: url.clone(), headers: Vec::new(), body: None };
            let answer = self.http.download(request, LARGEST_PACKED_BYTES).await?;
            match (answer.status, answer.header("location")) {
                (200, _) => {
                    let directory = directory.to_owned();
                    let write = move |body: &mut Body| {
                        let file = write_down(body, &directory)?;
                        look(&file)?;
                        Ok(file)
                    };
                    return answer.read(write).await;
                }
                (301 | 302 | 303 | 307 | 308, Some(location)) => {
                    url = url.join(location).map_err(|_| torn("the redirect leads nowhere".to_owned()))?;
                }
                (status, _) => {
                    return Err(torn(format!("the download was answered with HTTP status {status}")));
                }
            }
        }
        Err(torn("the download was redirected too often".to_owned()))
    }
}

fn write_down(body: &mut Body, directory: &Path) -> Result<Arriving, CallError> {
    let mut start = Vec::new();
    body.by_ref().take(4).read_to_end(&mut start).map_err(|error| arriving::unreadable(&error))?;
    // The second is an archive without a file in it.
    if start != b"PK\x03\x04" && start != b"PK\x05\x06" {
        return Err(torn("a page came instead of the archive: the address had died".to_owned()));
    }
    let mut file = Arriving::begin(directory)?;
    file.fill(start.chain(body), |_| ())?;
    Ok(file)
}

/// Nothing is lost by a download that failed: ask for the bill again.
pub(super) fn torn(message: String) -> CallError {
    CallError::Postponed { code: "bill".to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(places: &DownloadPlaces, url: &str) -> Result<String, CallError> {
        places.resolve(Url::parse(url).unwrap()).map(String::from)
    }

    #[test]
    fn bills_come_by_https_from_allowed_hosts_only() {
        let places = DownloadPlaces::new("*.alipay.com, files.example.org", None).unwrap();
        assert_eq!(
            resolve(&places, "http://dwbillcenter.alipay.com/f?fileId=%2Ftrade%2F1").unwrap(),
            "https://dwbillcenter.alipay.com/f?fileId=%2Ftrade%2F1"
        );
        assert!(resolve(&places, "https://FILES.example.org/x").is_ok());
        for bad in [
            "https://alipay.com.evil.example/x",
            "https://evilalipay.com/x",
            "https://alipay.com/x",
            "http://127.0.0.1/x",
            "https://files.example.org.evil.example/",
        ] {
            assert!(matches!(resolve(&places, bad), Err(CallError::NotSent(_))), "{bad}");
        }
    }

    #[test]
    fn an_override_keeps_path_and_query() {
        let base = BaseUrl::parse("http://127.0.0.1:9123").unwrap();
        let places = DownloadPlaces::new("*.alipay.com", Some(base)).unwrap();
        assert_eq!(resolve(&places, "https://any.example/p?q=1").unwrap(), "http://127.0.0.1:9123/p?q=1");
        assert!(places.is_plain_only());
    }

    #[test]
    fn a_list_of_hosts_is_read_strictly() {
        for bad in ["", "*", "*.com/", "https://x.y", "a..b/", "localhost"] {
            assert!(DownloadPlaces::new(bad, None).is_err(), "{bad}");
        }
    }
}
