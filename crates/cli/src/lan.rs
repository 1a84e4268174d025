//! Lets a phone in the same network use the demo, which listens on loopback only and is configured for it.
//!
//! Each port is opened once more at an address of the network and passed on. What goes out names that address where it named
//! loopback, what comes in the other way round: so links, redirects and policies lead the phone back here, and what the
//! parties signed is to the byte what they signed. Plain HTTP with one request a connection: enough for a demo, and no more.

use anyhow::Context;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MOST_HEAD: usize = 64 * 1024;
const MOST_BODY: usize = 4 * 1024 * 1024;

/// The address by which this machine reaches its network. Nothing is sent to find it out.
pub fn own_address() -> anyhow::Result<Ipv4Addr> {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).context("no network address can be found")?;
    probe.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).context("this machine has no network; try --listen")?;
    match probe.local_addr()?.ip() {
        IpAddr::V4(address) if !address.is_loopback() => Ok(address),
        other => anyhow::bail!("{other} is no address that a phone can reach; try --listen"),
    }
}

/// The ports of a demo at an address of the network.
pub struct Lan {
    address: Ipv4Addr,
    ports: Vec<u16>,
}

impl Lan {
    /// Opens these ports, which are taken at loopback already, at `address` too.
    ///
    /// # Errors
    /// When it is no address of this machine, or a port is taken.
    pub async fn open(address: Ipv4Addr, ports: &[u16]) -> anyhow::Result<Self> {
        for port in ports {
            let listener = TcpListener::bind((address, *port)).await;
            let listener = listener
                .with_context(|| format!("{address}:{port} cannot be listened at; is it this machine's?"))?;
            let lan = Self { address, ports: ports.to_vec() };
            let inside = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            tokio::spawn(async move {
                while let Ok((phone, _)) = listener.accept().await {
                    let lan = Self { address: lan.address, ports: lan.ports.clone() };
                    tokio::spawn(async move {
                        // Whatever goes wrong here, the phone asks again.
                        let _ = lan.pass_on(phone, inside).await;
                    });
                }
            });
        }
        Ok(Self { address, ports: ports.to_vec() })
    }

    /// A text with loopback's addresses as the phone has to see them.
    pub fn outward(&self, text: &str) -> String {
        self.exchanged(text, Ipv4Addr::LOCALHOST, self.address)
    }

    fn inward(&self, text: &str) -> String {
        self.exchanged(text, self.address, Ipv4Addr::LOCALHOST)
    }

    fn exchanged(&self, text: &str, from: Ipv4Addr, to: Ipv4Addr) -> String {
        self.ports.iter().fold(text.to_owned(), |text, port| {
            ["", "%3A", "%3a"].iter().fold(text, |text, encoded| {
                let colon = if encoded.is_empty() { ":" } else { encoded };
                text.replace(&format!("{from}{colon}{port}"), &format!("{to}{colon}{port}"))
            })
        })
    }

    async fn pass_on(&self, mut phone: TcpStream, inside: SocketAddr) -> std::io::Result<()> {
        let (head, body) = read_message(&mut phone, false).await?;
        let body = self.inward(&String::from_utf8_lossy(&body)).into_bytes();
        let mut gateway = TcpStream::connect(inside).await?;
        gateway.write_all(self.head(&self.inward(&head), body.len()).as_bytes()).await?;
        gateway.write_all(&body).await?;
        let (head, body) = read_message(&mut gateway, true).await?;
        let is_text = header(&head, "content-type").is_some_and(|kind| {
            ["text/", "json", "javascript", "xml"].iter().any(|part| kind.contains(part))
        });
        let body = match std::str::from_utf8(&body) {
            Ok(text) if is_text => self.outward(text).into_bytes(),
            Ok(_) | Err(_) => body,
        };
        phone.write_all(self.head(&self.outward(&head), body.len()).as_bytes()).await?;
        phone.write_all(&body).await?;
        phone.shutdown().await
    }

    /// The head for a body of another length, on a connection that ends with it.
    fn head(&self, head: &str, length: usize) -> String {
        let ours = ["content-length", "transfer-encoding", "connection", "accept-encoding"];
        let kept = head.lines().filter(|line| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            !line.is_empty() && !ours.contains(&name.as_str())
        });
        let kept: String = kept.map(|line| format!("{line}\r\n")).collect();
        format!("{kept}Content-Length: {length}\r\nConnection: close\r\n\r\n")
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A head and its body. An answer without a length goes on to the end of the connection.
async fn read_message(
    from: &mut (impl AsyncRead + Unpin),
    is_answer: bool,
) -> std::io::Result<(String, Vec<u8>)> {
    let broken = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why.to_owned());
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break at + 4;
        }
        if bytes.len() > MOST_HEAD || from.read_buf(&mut bytes).await? == 0 {
            return Err(broken("no head"));
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end);
    let chunked =
        header(&head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    match header(&head, "content-length").and_then(|text| text.parse::<usize>().ok()) {
        Some(length) if length > MOST_BODY => return Err(broken("too long")),
        Some(length) => while body.len() < length && from.read_buf(&mut body).await? > 0 {},
        None if is_answer => while body.len() <= MOST_BODY && from.read_buf(&mut body).await? > 0 {},
        None => {}
    }
    if chunked {
        body = dechunked(&body).ok_or_else(|| broken("not chunks"))?;
    }
    Ok((head, body))
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = rest.windows(2).position(|part| part == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let begin = line + 2;
        whole.extend_from_slice(rest.get(begin..begin + size)?);
        rest = rest.get(begin + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lan() -> Lan {
        Lan { address: Ipv4Addr::new(192, 168, 1, 5), ports: vec![7080, 7082] }
    }

    #[test]
    fn addresses_are_exchanged_both_ways_and_nothing_else_is() {
        let inside = "<a href=\"http://127.0.0.1:7080/s/x?back=http%3A%2F%2F127.0.0.1%3A7082%2Fy\">http://127.0.0.1:7081</a>";
        let outside = lan().outward(inside);
        assert_eq!(
            outside,
            "<a href=\"http://192.168.1.5:7080/s/x?back=http%3A%2F%2F192.168.1.5%3A7082%2Fy\">http://127.0.0.1:7081</a>"
        );
        assert_eq!(lan().inward(&outside), inside, "what was signed is what it was");
    }

    #[test]
    fn chunks_become_one_body() {
        assert_eq!(
            dechunked(b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\n\r\n").as_deref(),
            Some(&b"Wikipedia"[..])
        );
        assert_eq!(dechunked(b"4\r\nWi"), None);
    }

    #[test]
    fn a_head_says_its_new_length_and_ends_the_connection() {
        let head =
            lan().head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\nX: y\r\n\r\n", 5);
        assert_eq!(head, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
    }
}
