//! Widgets of versions before this one, so that a page that names a version still gets it after an update.

use crate::server::store::sqlite::private_folder;
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The folder below the data folder with one folder a version.
const FOLDER: &str = "widget";
/// This version.
pub const OWN: &str = env!("CARGO_PKG_VERSION");

/// Copies the finished widget of this version into the data folder, once: the next version will serve it from there.
/// Without a finished widget there is nothing to keep.
///
/// # Errors
/// When files cannot be read or written.
pub fn keep(widget: &Path, data: &Path) -> io::Result<()> {
    let target = data.join(FOLDER).join(OWN);
    if target.exists() || !widget.join("chat-widget.js").is_file() {
        return Ok(());
    }
    // Under another name first, so that a start that is cut off leaves no half of it.
    let draft = data.join(FOLDER).join(format!(".{OWN}.{}", std::process::id()));
    private_folder(&data.join(FOLDER))?;
    private_folder(&draft)?;
    for entry in fs::read_dir(widget)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let copy = draft.join(entry.file_name());
            fs::copy(entry.path(), &copy)?;
            // Like everything in the data folder.
            fs::set_permissions(&copy, Permissions::from_mode(0o600))?;
        }
    }
    let renamed = fs::rename(&draft, &target);
    if renamed.is_err() {
        fs::remove_dir_all(&draft)?;
    }
    // Another server on the same folder was faster.
    if target.exists() { Ok(()) } else { renamed }
}

/// Splits what stands after `/widget/` into the folder that has it and the file: `v/VERSION/file` is of that version,
/// all else of this one.
pub fn resolve<'a>(file: &'a str, own: &Path, data: &Path) -> Option<(PathBuf, &'a str)> {
    let Some(rest) = file.strip_prefix("v/") else { return Some((own.to_owned(), file)) };
    let (version, file) = rest.split_once('/')?;
    if version == OWN {
        return Some((own.to_owned(), file));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    let is_version = version.len() <= 40
        && version.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && version.bytes().all(allowed);
    is_version.then(|| (data.join(FOLDER).join(version), file))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn a_version_is_kept_once_and_whole() {
        let (widget, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        keep(widget.path(), data.path()).unwrap();
        assert!(!data.path().join(FOLDER).exists(), "nothing is finished, nothing is kept");
        fs::write(widget.path().join("chat-widget.js"), "one").unwrap();
        fs::write(widget.path().join("widget-0.wasm"), "wasm").unwrap();
        keep(widget.path(), data.path()).unwrap();
        fs::write(widget.path().join("chat-widget.js"), "two").unwrap();
        keep(widget.path(), data.path()).unwrap();
        let kept = data.path().join(FOLDER).join(OWN);
        assert_eq!(fs::read_to_string(kept.join("chat-widget.js")).unwrap(), "one");
        assert_eq!(fs::read_dir(&kept).unwrap().count(), 2);
        assert_eq!(fs::metadata(kept.join("widget-0.wasm")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(data.path().join(FOLDER)).unwrap().count(), 1, "no draft stays behind");
    }

    #[test]
    fn no_version_leads_out_of_the_folder() {
        let (own, data) = (Path::new("own"), Path::new("data"));
        assert_eq!(resolve("a.js", own, data), Some((own.to_owned(), "a.js")));
        assert_eq!(resolve(&format!("v/{OWN}/a.js"), own, data).unwrap().0, own);
        assert_eq!(resolve("v/0.0.9/a.js", own, data).unwrap(), (data.join("widget/0.0.9"), "a.js"));
        for wrong in ["v/../a.js", "v/./a.js", "v/.0.0.1/a", "v//a", "v/0.0.1", "v/0\\1/a", "v/0%2e/a", "v/a/a"] {
            assert_eq!(resolve(wrong, own, data), None, "{wrong}");
        }
    }
}
