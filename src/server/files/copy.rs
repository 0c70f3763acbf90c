//! Copying a shelf for a backup, while a server uses it.
//!
//! A file is written once and never changed, so a copy may be another name of the same bytes where the disk allows it.
//! Only a file that still arrives may grow in between: [`copy`] is called before the database is copied and after it,
//! and the second call brings what has come or grown. Whatever the copied database names was whole on the shelf before
//! that copy, and nothing is swept within a day; so every file of the database is in the copy, whole.

use super::disk::id_of;
use crate::server::store::sqlite::{private_file, private_folder};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Brings all files of the folder `from` to the folder `to`. How many are there then.
///
/// # Errors
/// What a disk can refuse. A folder `from` that is not there has no files.
pub fn copy(from: &Path, to: &Path) -> io::Result<usize> {
    let parts = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        parts => parts?,
    };
    let mut count = 0;
    for part in parts {
        let part = part?;
        if !part.file_type()?.is_dir() {
            continue;
        }
        let folder = to.join(part.file_name());
        for entry in fs::read_dir(part.path())? {
            let path = entry?.path();
            let Some(name) = path.file_name().filter(|_| id_of(&path).is_some()) else { continue };
            private_folder(&folder)?;
            count += usize::from(bring(&path, &folder.join(name))?);
        }
        if folder.is_dir() {
            // Names are durable only with their folder.
            File::open(&folder)?.sync_all()?;
        }
    }
    Ok(count)
}

/// Brings one file. Whether it is there: a refused upload may have gone meanwhile.
fn bring(from: &Path, to: &Path) -> io::Result<bool> {
    let gone = |error: io::Error| if error.kind() == io::ErrorKind::NotFound { Ok(false) } else { Err(error) };
    let size = match fs::metadata(from) {
        Ok(file) => file.len(),
        Err(error) => return gone(error),
    };
    match fs::metadata(to) {
        Ok(there) if there.len() == size => return Ok(true),
        Ok(_) => fs::remove_file(to)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(true);
    }
    // Another disk.
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) => return gone(error),
    };
    let mut copy = private_file(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn what_comes_or_grows_between_two_calls_is_brought_by_the_second() {
        let data = tempfile::tempdir().unwrap();
        let (from, to) = (data.path().join("files"), data.path().join("copy"));
        assert_eq!(copy(&from, &to).unwrap(), 0);
        fs::create_dir_all(from.join("00")).unwrap();
        let name = |digit: char| format!("019256d50000700080000000000000{digit}0");
        fs::write(from.join("00").join(name('a')), "whole").unwrap();
        fs::write(from.join("00").join("no id"), "x").unwrap();
        assert_eq!(copy(&from, &to).unwrap(), 1);
        // As on another disk, where the copy does not grow with the file.
        let half = to.join("00").join(name('b'));
        fs::write(&half, "ha").unwrap();
        fs::write(from.join("00").join(name('b')), "half and half").unwrap();
        assert_eq!(copy(&from, &to).unwrap(), 2);
        assert_eq!(fs::read(&half).unwrap(), b"half and half");
        assert_eq!(fs::read(to.join("00").join(name('a'))).unwrap(), b"whole");
        assert!(!to.join("00").join("no id").exists());
        // What goes from the shelf stays in the copy.
        fs::remove_dir_all(&from).unwrap();
        assert_eq!(fs::read(&half).unwrap(), b"half and half");
    }
}
