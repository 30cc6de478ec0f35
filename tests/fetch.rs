//! Fetching a database from a server on this machine that does everything that servers do wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use heart_darts::database::fetch::{Error, Fetched, Options, Source, fetch};
use heart_darts::support::files::digest;

/// How the server answers one request.
#[derive(Debug, Clone, Copy)]
enum Reply {
    /// As it should: 200, 206 for a range, 416 for a range after the end.
    Right,
    /// 200 and the whole file, whatever range was asked for.
    IgnoringRanges,
    /// 206, but from byte 0 on.
    WrongRange,
    /// Announces everything that was asked for, sends so many bytes, closes.
    Truncated(usize),
    /// Announces everything that was asked for, sends so many bytes, and then nothing, with the connection open.
    Stalled(usize),
    /// All of it, with one byte changed.
    Corrupt,
    /// The whole file without saying how long it is.
    WithoutLength,
    /// This status and a page about it.
    Status(u16),
}

/// A file of the server and how it answers: the first reply to the first request and so on; the last one for ever.
type Pages = BTreeMap<String, (Vec<u8>, Vec<Reply>)>;

/// Path and first byte of every request.
type Requests = Arc<Mutex<Vec<(String, u64)>>>;

struct Server {
    base: String,
    requests: Requests,
}

impl Server {
    fn start(pages: Pages) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/files", listener.local_addr().unwrap());
        let requests = Requests::default();
        let (pages, log) = (Arc::new(pages), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (pages, log) = (pages.clone(), log.clone());
                // A client that gives up closes the connection; that is no failure of the server.
                thread::spawn(move || drop(answer(&stream.unwrap(), &pages, &log)));
            }
        });
        Self { base, requests }
    }

    /// First bytes of the requests for a file, in order.
    fn asked(&self, path: &str) -> Vec<u64> {
        self.requests.lock().unwrap().iter().filter(|(asked, _)| asked == path).map(|(_, start)| *start).collect()
    }

    fn options(&self) -> Options {
        Options {
            base_url: Some(self.base.clone()),
            patience: Duration::from_millis(400),
            pause: Duration::from_millis(5),
            attempts: 3,
            ..Options::default()
        }
    }

    fn fetch(&self, dir: &Path) -> Result<Fetched, Error> {
        fetch(Source::of("mitdb").unwrap(), dir, &self.options())
    }
}

fn answer(mut stream: &TcpStream, pages: &Pages, log: &Requests) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    // Anything but a request (a TLS greeting) is not answered.
    let Some(Ok(first)) = lines.next() else { return Ok(()) };
    let path = first.split(' ').nth(1).and_then(|path| path.strip_prefix("/files/"));
    let Some(path) = path.map(String::from) else { return Ok(()) };
    let mut range = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("range: bytes=") {
            range = Some(text.trim_end_matches('-').parse::<usize>().unwrap());
        }
    }
    let number = {
        let mut log = log.lock().unwrap();
        log.push((path.clone(), range.unwrap_or(0) as u64));
        log.iter().filter(|(asked, _)| *asked == path).count() - 1
    };
    let Some((bytes, replies)) = pages.get(&path) else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone");
    };
    let reply = replies.get(number).or(replies.last()).copied().unwrap_or(Reply::Right);
    let total = bytes.len();
    let mut body = bytes.clone();
    let start = match reply {
        Reply::Status(status) => {
            return write!(stream, "HTTP/1.1 {status} So\r\nContent-Length: 2\r\nConnection: close\r\n\r\nso");
        }
        Reply::WithoutLength => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            return stream.write_all(&body);
        }
        Reply::IgnoringRanges => None,
        Reply::WrongRange => range.map(|_| 0),
        Reply::Corrupt => {
            body[total / 2] ^= 1;
            range
        }
        _ => range,
    };
    if start.is_some_and(|start| start >= total) {
        return write!(stream, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    match start {
        Some(start) => {
            let last = total - 1;
            write!(stream, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{last}/{total}\r\n")?;
        }
        None => write!(stream, "HTTP/1.1 200 OK\r\n")?,
    }
    let rest = &body[start.unwrap_or(0)..];
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n", rest.len())?;
    match reply {
        Reply::Truncated(count) => stream.write_all(&rest[..count.min(rest.len())]),
        Reply::Stalled(count) => {
            stream.write_all(&rest[..count.min(rest.len())])?;
            thread::sleep(Duration::from_secs(20));
            Ok(())
        }
        _ => stream.write_all(rest),
    }
}

/// Two records in the form of MIT-BIH, a file that nobody needs, and the lists.
fn database() -> Pages {
    let content = |name: &str| -> Vec<u8> {
        let length = if name.ends_with(".dat") { 5000 } else { 300 };
        (0..length).map(|i| (i * 31 + name.bytes().map(usize::from).sum::<usize>()) as u8).collect()
    };
    let mut pages = Pages::new();
    for name in ["100.hea", "100.dat", "100.atr", "100.xws", "101.hea", "101.dat", "101.atr", "x_mitdb/x_100.dat"] {
        pages.insert(name.into(), (content(name), vec![Reply::Right]));
    }
    pages.insert("RECORDS".into(), (b"100\n101\n".into(), vec![Reply::Right]));
    pages.insert("ANNOTATORS".into(), (b"atr\treference\n".into(), vec![Reply::Right]));
    sign(pages)
}

/// Puts the digests of all files into `SHA256SUMS.txt`.
fn sign(mut pages: Pages) -> Pages {
    pages.remove("SHA256SUMS.txt");
    let sums: String = pages.iter().map(|(name, (bytes, _))| format!("{} {name}\n", digest(bytes))).collect();
    pages.insert("SHA256SUMS.txt".into(), (sums.into_bytes(), vec![Reply::Right]));
    pages
}

/// The database on a server that answers requests for `100.dat` with these replies.
fn server(replies: &[Reply]) -> Server {
    let mut pages = database();
    pages.get_mut("100.dat").unwrap().1 = replies.to_vec();
    Server::start(pages)
}

const NEEDED: [&str; 9] =
    ["100.atr", "100.dat", "100.hea", "101.atr", "101.dat", "101.hea", "ANNOTATORS", "RECORDS", "SHA256SUMS.txt"];

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The folder holds the database, complete and right, and nothing else.
fn assert_whole(dir: &Path) {
    assert_eq!(names(dir), NEEDED);
    for (name, (bytes, _)) in database() {
        if NEEDED.contains(&name.as_str()) {
            assert!(fs::read(dir.join(&name)).unwrap() == bytes, "{name}");
        }
    }
}

#[test]
fn the_needed_files_are_fetched_and_the_second_time_only_checked() {
    let (server, dir) = (Server::start(database()), tempfile::tempdir().unwrap());
    let dir = dir.path().join("new/folder");
    let first = server.fetch(&dir).unwrap();
    assert_whole(&dir);
    assert_eq!((first.records.len(), first.fetched, first.present, first.replaced), (2, 8, 0, 0));
    assert_eq!(first.bytes, 2 * 5000 + 4 * 300 + 8 + 14);
    assert!(server.asked("100.xws").is_empty(), "not needed");
    let second = server.fetch(&dir).unwrap();
    assert_eq!((second.fetched, second.present, second.bytes), (0, 8, 0));
    assert_eq!(server.asked("100.dat"), [0]);
}

#[test]
fn a_truncated_download_goes_on_where_it_broke_off() {
    let (server, dir) =
        (server(&[Reply::Truncated(1234), Reply::Truncated(1000), Reply::Right]), tempfile::tempdir().unwrap());
    let fetched = server.fetch(dir.path()).unwrap();
    assert_whole(dir.path());
    assert_eq!(server.asked("100.dat"), [0, 1234, 2234]);
    assert_eq!(fetched.bytes, 2 * 5000 + 4 * 300 + 8 + 14, "no byte came twice");
}

#[test]
fn what_was_given_up_goes_on_with_the_next_command() {
    let (bad, dir) = (server(&[Reply::Truncated(100)]), tempfile::tempdir().unwrap());
    let error = bad.fetch(dir.path()).unwrap_err();
    assert!(matches!(error, Error::GaveUp { attempts: 3, have: 300, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("/files/100.dat") && text.contains("300 of 5000") && text.contains("100.dat.part"), "{text}");
    assert!(dir.path().join("100.dat.part").exists() && !dir.path().join("100.dat").exists());
    let good = server(&[Reply::Right]);
    good.fetch(dir.path()).unwrap();
    assert_eq!(good.asked("100.dat"), [300]);
    assert_whole(dir.path());
}

#[test]
fn a_stalled_download_is_noticed_and_goes_on() {
    let (server, dir) =
        (server(&[Reply::Stalled(2000), Reply::Stalled(0), Reply::Right]), tempfile::tempdir().unwrap());
    let start = Instant::now();
    server.fetch(dir.path()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(server.asked("100.dat"), [0, 2000, 2000]);
    assert_whole(dir.path());
}

#[test]
fn a_corrupt_file_is_fetched_once_more_from_the_start() {
    let (server, dir) = (server(&[Reply::Corrupt, Reply::Right]), tempfile::tempdir().unwrap());
    server.fetch(dir.path()).unwrap();
    assert_eq!(server.asked("100.dat"), [0, 0]);
    assert_whole(dir.path());
}

#[test]
fn a_file_that_stays_corrupt_is_an_error_with_both_digests() {
    let (server, dir) = (server(&[Reply::Corrupt]), tempfile::tempdir().unwrap());
    let error = server.fetch(dir.path()).unwrap_err();
    let (bytes, _) = &database()["100.dat"];
    let mut corrupt = bytes.clone();
    corrupt[bytes.len() / 2] ^= 1;
    let Error::Digest { found, expected, .. } = &error else { panic!("{error}") };
    assert_eq!((found, expected), (&digest(&corrupt), &digest(bytes)));
    assert!(error.to_string().contains("/files/100.dat"), "{error}");
    assert_eq!(server.asked("100.dat"), [0, 0], "no third attempt");
    assert!(!names(dir.path()).iter().any(|name| name.starts_with("100.dat")), "{:?}", names(dir.path()));
}

#[test]
fn a_wrong_part_of_an_earlier_day_does_not_get_in_the_way() {
    let (server, dir) = (server(&[Reply::Right]), tempfile::tempdir().unwrap());
    fs::write(dir.path().join("100.dat.part"), [0; 700]).unwrap();
    fs::write(dir.path().join("101.dat.part"), [0; 9000]).unwrap();
    server.fetch(dir.path()).unwrap();
    assert_eq!(server.asked("100.dat"), [700, 0]);
    assert_eq!(server.asked("101.dat"), [9000, 0], "416, since it is longer than the file");
    assert_whole(dir.path());
}

#[test]
fn a_part_that_is_complete_is_checked_and_renamed() {
    let (server, dir) = (server(&[Reply::Right]), tempfile::tempdir().unwrap());
    fs::write(dir.path().join("100.dat.part"), &database()["100.dat"].0).unwrap();
    server.fetch(dir.path()).unwrap();
    assert_eq!(server.asked("100.dat"), [5000]);
    assert_whole(dir.path());
}

#[test]
fn a_server_that_ignores_ranges_restarts_the_file() {
    let (server, dir) = (server(&[Reply::Truncated(3000), Reply::IgnoringRanges]), tempfile::tempdir().unwrap());
    server.fetch(dir.path()).unwrap();
    assert_eq!(server.asked("100.dat"), [0, 3000]);
    assert_whole(dir.path());
}

#[test]
fn a_server_that_sends_another_range_restarts_the_file() {
    let (server, dir) = (server(&[Reply::Truncated(3000), Reply::WrongRange]), tempfile::tempdir().unwrap());
    server.fetch(dir.path()).unwrap();
    assert_eq!(server.asked("100.dat"), [0, 3000, 0]);
    assert_whole(dir.path());
}

#[test]
fn a_file_without_length_is_taken_and_judged_by_its_digest() {
    let (server, dir) = (server(&[Reply::WithoutLength]), tempfile::tempdir().unwrap());
    server.fetch(dir.path()).unwrap();
    assert_whole(dir.path());
}

#[test]
fn a_missing_file_is_an_error_at_once() {
    for status in [404, 403, 410] {
        let (server, dir) = (server(&[Reply::Status(status)]), tempfile::tempdir().unwrap());
        let error = server.fetch(dir.path()).unwrap_err();
        assert!(matches!(error, Error::Status { status: found, .. } if found == status), "{error}");
        let text = error.to_string();
        assert!(text.contains("/files/100.dat") && text.contains(&status.to_string()) && text.contains("expected 200"));
        assert_eq!(server.asked("100.dat").len(), 1);
    }
}

#[test]
fn a_server_in_trouble_is_asked_again_and_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let dead = server(&[Reply::Status(500)]);
    let error = dead.fetch(dir.path()).unwrap_err();
    assert!(error.to_string().contains("HTTP status 500"), "{error}");
    assert_eq!(dead.asked("100.dat").len(), 3);
    let recovering = server(&[Reply::Status(503), Reply::Status(429), Reply::Right]);
    recovering.fetch(dir.path()).unwrap();
    assert_whole(dir.path());
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    // Bound and dropped: nobody listens on this port any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base_url = Some(format!("http://127.0.0.1:{port}/files/"));
    let options = Options { base_url, attempts: 2, pause: Duration::from_millis(5), ..Options::default() };
    let error = fetch(Source::of("qtdb").unwrap(), dir.path(), &options).unwrap_err();
    assert!(matches!(error, Error::GaveUp { attempts: 2, .. }), "{error}");
    assert!(error.to_string().contains("SHA256SUMS.txt"), "{error}");
    assert!(names(dir.path()).is_empty(), "nothing came, so nothing stays: {:?}", names(dir.path()));
}

/// The handshake fails, since the server speaks no TLS; what counts is that the client does, without a system library.
#[test]
fn a_server_without_encryption_is_an_error_where_it_is_asked_for() {
    let (server, dir) = (Server::start(database()), tempfile::tempdir().unwrap());
    let base_url = Some(server.base.replace("http:", "https:"));
    let options = Options { base_url, attempts: 1, ..server.options() };
    let error = fetch(Source::of("mitdb").unwrap(), dir.path(), &options).unwrap_err();
    assert!(error.to_string().contains("https://127.0.0.1"), "{error}");
}

#[test]
fn lists_that_lead_out_of_the_folder_are_refused() {
    let mut in_sums = database();
    let sums = &mut in_sums.get_mut("SHA256SUMS.txt").unwrap().0;
    sums.extend(format!("{} ../evil.hea\n", digest(b"evil")).bytes());
    let mut in_records = database();
    in_records.get_mut("RECORDS").unwrap().0 = b"100\n../evil\n".into();
    for (pages, place) in [(in_sums, "SHA256SUMS.txt:"), (sign(in_records), "RECORDS:2")] {
        let (server, parent) = (Server::start(pages), tempfile::tempdir().unwrap());
        let error = server.fetch(&parent.path().join("folder")).unwrap_err();
        assert!(matches!(error, Error::List { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(place) && text.contains("../evil"), "{text}");
        assert_eq!(names(parent.path()), ["folder"]);
    }
}

#[test]
fn a_page_that_is_no_list_is_told_from_one() {
    let mut pages = database();
    pages.get_mut("SHA256SUMS.txt").unwrap().0 = b"<html>please sign in</html>\n".into();
    let (server, dir) = (Server::start(pages), tempfile::tempdir().unwrap());
    let error = server.fetch(dir.path()).unwrap_err();
    assert!(matches!(error, Error::List { line: 1, .. }), "{error}");
    assert!(error.to_string().contains("sign in"), "{error}");
}

#[test]
fn a_file_without_digest_is_not_fetched() {
    let mut pages = database();
    let (hidden, _) = pages.remove("101.dat").unwrap();
    pages = sign(pages);
    pages.insert("101.dat".into(), (hidden, vec![Reply::Right]));
    let (server, dir) = (Server::start(pages), tempfile::tempdir().unwrap());
    let error = server.fetch(dir.path()).unwrap_err();
    assert!(matches!(&error, Error::NotListed { file, .. } if file == "101.dat"), "{error}");
    assert!(server.asked("101.dat").is_empty());
}

#[test]
fn a_record_without_annotations_is_fetched_without_them() {
    let mut pages = database();
    pages.remove("101.atr");
    let (server, dir) = (Server::start(sign(pages)), tempfile::tempdir().unwrap());
    let fetched = server.fetch(dir.path()).unwrap();
    assert_eq!((fetched.records.len(), fetched.fetched), (2, 7));
}

#[test]
fn chosen_records_alone_are_fetched() {
    let (server, dir) = (Server::start(database()), tempfile::tempdir().unwrap());
    let options = |name: &str| Options { records: Some(vec![name.into()]), ..server.options() };
    let source = Source::of("mitdb").unwrap();
    let fetched = fetch(source, dir.path(), &options("101")).unwrap();
    assert_eq!(fetched.records, ["101"]);
    assert_eq!(names(dir.path()), ["101.atr", "101.dat", "101.hea", "ANNOTATORS", "RECORDS", "SHA256SUMS.txt"]);
    let error = fetch(source, dir.path(), &options("999")).unwrap_err().to_string();
    assert!(error.contains("no record 999") && error.contains("100, 101"), "{error}");
}

#[test]
fn a_file_that_differs_is_replaced_and_counted() {
    let (server, dir) = (Server::start(database()), tempfile::tempdir().unwrap());
    fs::write(dir.path().join("100.dat"), b"an old version").unwrap();
    let fetched = server.fetch(dir.path()).unwrap();
    assert_eq!((fetched.fetched, fetched.replaced), (8, 1));
    assert_whole(dir.path());
}

#[test]
fn files_beyond_all_measure_are_refused() {
    for reply in [Reply::Right, Reply::WithoutLength] {
        let (server, dir) = (server(&[reply]), tempfile::tempdir().unwrap());
        let options = Options { largest: 4000, ..server.options() };
        let error = fetch(Source::of("mitdb").unwrap(), dir.path(), &options).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 4000, .. }), "{error}");
        assert!(!names(dir.path()).iter().any(|name| name.starts_with("100.dat")));
    }
}

#[test]
fn one_command_at_a_time_writes_to_a_folder() {
    let (server, dir) = (server(&[Reply::Stalled(10), Reply::Right]), tempfile::tempdir().unwrap());
    thread::scope(|scope| {
        let first = scope.spawn(|| server.fetch(dir.path()));
        while server.asked("100.dat").is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        let second = server.fetch(dir.path());
        assert!(matches!(second, Err(Error::Busy { .. })), "{second:?}");
        first.join().unwrap().unwrap();
    });
    assert_whole(dir.path());
}

/// Everything that is written to `/dev/full` fails with "no space left on device".
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_with_what_to_do() {
    let (server, dir) = (Server::start(database()), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink("/dev/full", dir.path().join("100.dat.part")).unwrap();
    let error = server.fetch(dir.path()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Write { .. }), "{text}");
    assert!(text.contains("100.dat.part") && text.contains("make room"), "{text}");
    assert!(!dir.path().join("100.dat").exists());
}
