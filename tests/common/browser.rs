//! A real browser that looks at pages: headless Chromium by the DevTools protocol over its two pipes, without a driver or a socket.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// A machine that is busy with other tests takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a browser says of a page.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    /// Errors and warnings of the console, exceptions, refusals of the page's policy.
    pub complaints: Vec<String>,
    /// Addresses that were asked for beside the page itself.
    pub requests: Vec<String>,
    /// How wide the content is, in pixels of the page.
    pub width: u64,
    /// Elements that leave the page to the right, outside of what scrolls by itself.
    pub wide: Vec<String>,
    /// Texts of pictures that lie on each other or leave their picture.
    pub collisions: Vec<String>,
    /// The page's ground and its letters, as `rgb(…)`.
    pub colours: [String; 2],
    /// How many pictures there are.
    pub pictures: u64,
}

/// A running browser.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    last: u64,
    _profile: tempfile::TempDir,
}

/// `HEART_DARTS_BROWSER`, or the first Chromium or Chrome of the path.
fn program() -> Option<OsString> {
    if let Some(named) = std::env::var_os("HEART_DARTS_BROWSER") {
        return Some(named);
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
        .map(Into::into)
}

impl Browser {
    /// Starts one. Where there is none a line on the terminal says what was not tested; with `HEART_DARTS_REQUIRE_BROWSER` set, as
    /// in CI where it could be installed, the test fails instead.
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = program() else {
            let text = format!("NOT TESTED: {test}: there is no chromium in the path\n");
            assert!(std::env::var_os("HEART_DARTS_REQUIRE_BROWSER").is_none(), "{text}");
            let _ = std::io::stderr().write_all(text.as_bytes());
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads commands from descriptor 3 and writes to 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 1>&2"])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (commands, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(answers).split(0) {
                let Ok(message) = message else { return };
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        Some(Self { child, commands, messages, last: 0, _profile: profile })
    }

    /// Sends a command and waits for its answer; what arrives before goes to `events`.
    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value, events: &mut Vec<Value>) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).unwrap();
        loop {
            let message = self.message(method);
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            events.push(message);
        }
    }

    fn message(&mut self, waiting_for: &str) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.unwrap_or_else(|error| panic!("the browser says nothing to {waiting_for}: {error}"))
    }

    /// Opens a page in a window so wide, light or dark, and says what there is to see. `picture` gets a screenshot of all of it.
    pub fn look(&mut self, page: &Path, width: u32, dark: bool, picture: Option<&Path>) -> Seen {
        let mut events = Vec::new();
        let opened = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }), &mut events);
        let target = json!({ "targetId": opened["targetId"], "flatten": true });
        let session = self.call(None, "Target.attachToTarget", target, &mut events)["sessionId"].clone();
        let session = session.as_str().unwrap();
        let scheme = json!([{ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } }]);
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        for (method, parameters) in [
            ("Page.enable", json!({})),
            ("Runtime.enable", json!({})),
            ("Log.enable", json!({})),
            ("Network.enable", json!({})),
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", json!({ "features": scheme })),
        ] {
            self.call(Some(session), method, parameters, &mut events);
        }
        events.clear();
        let address = format!("file://{}", page.canonicalize().unwrap().display());
        self.call(Some(session), "Page.navigate", json!({ "url": address }), &mut events);
        while !events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.message("Page.navigate");
            events.push(event);
        }
        let look = json!({ "expression": LOOK, "awaitPromise": true, "returnByValue": true });
        let found = self.call(Some(session), "Runtime.evaluate", look, &mut events);
        let found = found["result"]["value"].as_str().unwrap_or_else(|| panic!("{found}"));
        let found: Value = serde_json::from_str(found).unwrap();
        if let Some(path) = picture {
            let size = json!({ "x": 0, "y": 0, "width": width, "height": found["height"], "scale": 1 });
            let shot = json!({ "format": "png", "captureBeyondViewport": true, "clip": size });
            let shot = self.call(Some(session), "Page.captureScreenshot", shot, &mut events);
            std::fs::write(path, decode(shot["data"].as_str().unwrap())).unwrap();
        }
        self.call(None, "Target.closeTarget", json!({ "targetId": opened["targetId"] }), &mut Vec::new());
        seen(&events, &found, &address)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn seen(events: &[Value], found: &Value, address: &str) -> Seen {
    let texts = |key: &str| -> Vec<String> { serde_json::from_value(found[key].clone()).unwrap() };
    let mut seen = Seen {
        width: found["width"].as_u64().unwrap(),
        wide: texts("wide"),
        collisions: texts("collisions"),
        colours: serde_json::from_value(found["colours"].clone()).unwrap(),
        pictures: found["pictures"].as_u64().unwrap(),
        ..Seen::default()
    };
    for event in events {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => seen.complaints.push(parameters["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if ["error", "warning"].contains(&parameters["type"].as_str().unwrap()) => {
                seen.complaints.push(parameters["args"].to_string());
            }
            "Log.entryAdded" => seen.complaints.push(parameters["entry"]["text"].to_string()),
            "Network.requestWillBeSent" if parameters["request"]["url"] != address => {
                seen.requests.push(parameters["request"]["url"].to_string());
            }
            _ => {}
        }
    }
    seen
}

fn decode(base64: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bytes: Vec<u8> = base64.bytes().filter(|byte| *byte != b'=').collect();
    let whole = |group: &[u8]| group.iter().fold(0u32, |bits, byte| bits << 6 | u32::from(value(*byte)));
    let unpacked = bytes.chunks(4).flat_map(|group| {
        let bits = whole(group) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    });
    unpacked.collect()
}

/// Waits for what loading has set off, then measures.
const LOOK: &str = r#"new Promise(done => setTimeout(() => {
    const name = e => e.tagName.toLowerCase() + (e.className && e.className.baseVal === undefined ? "." + e.className : "")
        + " " + (e.textContent || "").trim().slice(0, 40);
    const root = document.documentElement, right = root.clientWidth;
    const scrolls = e => e && e !== document.body && e !== root
        && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
    const wide = [...document.body.querySelectorAll("*")].filter(e => !e.closest("svg") && !scrolls(e.parentElement)
        && e.getBoundingClientRect().right > right + 0.5).map(name);
    const collisions = [];
    for (const svg of document.querySelectorAll("svg")) {
        const frame = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll("text")].filter(t => t.textContent.trim()).map(t => {
            const r = t.getBoundingClientRect(), ink = 0.2 * Math.min(r.width, r.height);
            return { text: t.textContent.trim(), l: r.left + 1, r: r.right - 1, t: r.top + ink, b: r.bottom - ink };
        });
        texts.forEach((a, i) => {
            if (a.l < frame.left - 2 || a.r > frame.right + 2 || a.t < frame.top - 2 || a.b > frame.bottom + 2)
                collisions.push(`${a.text} leaves ${svg.getAttribute("aria-label")}`);
            for (const b of texts.slice(0, i))
                if (a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b)
                    collisions.push(`${a.text} on ${b.text} in ${svg.getAttribute("aria-label")}`);
        });
    }
    const style = getComputedStyle(document.body);
    done(JSON.stringify({ width: root.scrollWidth, height: root.scrollHeight, wide, collisions,
        pictures: document.querySelectorAll("svg").length, colours: [style.backgroundColor, style.color] }));
}, 100))"#;
