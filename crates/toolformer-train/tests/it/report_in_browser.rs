//! The report as a picture, where a Chromium is installed (or `TOOLFORMER_CHROMIUM` names one).

use std::{env, fs, fs::File, io::BufReader, path::Path, process::Command};

use crate::report::{hostile_page, page};

/// Widths of a desk and of a phone, in pixels.
const WIDTHS: [u32; 2] = [1200, 390];
const HEIGHT: u32 = 900;

fn chromium() -> Option<String> {
    let named = env::var("TOOLFORMER_CHROMIUM").ok();
    let known = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let runs =
        |name: &String| Command::new(name).arg("--version").output().is_ok_and(|ran| ran.status.success());
    named.into_iter().chain(known).find(runs)
}

/// Runs the browser on a page, without a network; returns what it wrote.
fn browse(chromium: &str, folder: &Path, page: &Path, dark: bool, args: &[String]) -> String {
    let profile = folder.join("profile");
    let ran = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .args(["--disable-background-networking", "--force-device-scale-factor=1"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", if dark { 0 } else { 1 }))
        .args(args)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// The page in a frame of some width, which a browser's window may not be narrow enough for.
fn framed(folder: &Path, page: &str, width: u32) -> std::path::PathBuf {
    // The test's copy may run the test's script, and tells the frame around it how wide it is.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let probe = "<script>addEventListener('load', () => parent.postMessage([innerWidth, \
                 document.documentElement.scrollWidth, document.title].join('|'), '*'))</script></body>";
    assert!(page.contains(policy));
    let page = page.replace(policy, "default-src 'unsafe-inline'").replace("</body>", probe);
    fs::write(folder.join("framed.html"), page).unwrap();
    let path = folder.join(format!("frame{width}.html"));
    let frame = format!(
        "<!DOCTYPE html><body style='margin:0'><script>addEventListener('message', (m) => \
         document.body.dataset.found = m.data)</script><iframe src='framed.html' style='border:0;width:{width}px;\
         height:{HEIGHT}px'></iframe>"
    );
    fs::write(&path, frame).unwrap();
    path
}

/// The red, green and blue of each pixel.
fn pixels(path: &Path) -> Vec<[u8; 3]> {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let samples = info.color_type.samples();
    bytes[..info.buffer_size()].chunks_exact(samples).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// Mean brightness, from 0 to 255, and how many colours there are.
fn look(pixels: &[[u8; 3]]) -> (f64, usize) {
    let sum: f64 = pixels.iter().flatten().map(|&value| f64::from(value)).sum();
    let colours: std::collections::BTreeSet<_> = pixels.iter().collect();
    (sum / (3 * pixels.len()) as f64, colours.len())
}

#[track_caller]
fn check(chromium: &str, page: &str, title: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for width in WIDTHS {
        let frame = framed(folder, page, width);
        let size = format!("--window-size={},{HEIGHT}", width.max(600));
        let dom = browse(
            chromium,
            folder,
            &frame,
            false,
            &["--dump-dom".to_owned(), size.clone(), "--virtual-time-budget=4000".to_owned()],
        );
        let found =
            dom.split("data-found=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let [inner, scroll, found_title] = found.split('|').collect::<Vec<_>>()[..] else {
            panic!("{found:?} in {dom}")
        };
        assert_eq!(inner, width.to_string());
        assert!(scroll.parse::<u32>().unwrap() <= width, "{scroll} pixels wide at a width of {width}");
        assert_eq!(found_title, title, "a text changed the page");
        let picture = |dark: bool| {
            let path = folder.join(format!("{width}{dark}.png"));
            browse(
                chromium,
                folder,
                &frame,
                dark,
                &[size.clone(), format!("--screenshot={}", path.display())],
            );
            look(&pixels(&path))
        };
        let ((light, light_colours), (dark, dark_colours)) = (picture(false), picture(true));
        // Words and plots have many shades; the page's own colour is bright, or dark.
        assert!(light_colours > 50 && dark_colours > 50, "{light_colours} and {dark_colours} colours");
        assert!(light > 180.0 && dark < 120.0, "brightness {light} and {dark}");
    }
}

#[test]
fn the_page_fits_and_has_two_themes() {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: no chromium is installed, and TOOLFORMER_CHROMIUM names none");
        return;
    };
    check(&chromium, &page(), "Toolformer: report of a run");
    check(&chromium, &hostile_page(), "Toolformer: report of a run");
}
