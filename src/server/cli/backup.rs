//! `parlor backup`.

use super::{Done, Failure, out, serve};
use crate::{
    server::{
        clock,
        config::{Config, load::Loaded, value},
        files::{self, disk::FOLDER},
        store::{
            Store,
            sqlite::{private_file, private_folder},
        },
    },
    wire::time::Timestamp,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What `backup` is asked.
#[derive(clap::Args)]
pub struct Args {
    /// The copy; never an existing file [default: backups/parlor-DATE.db in the data folder]. Visitors' files go beside
    /// it, into a folder with the ending .files
    file: Option<PathBuf>,
    /// Also copy the secret that tokens are signed with, beside the copy
    #[arg(long)]
    with_secret: bool,
}

/// Copies the database and the files of visitors, readable by this account of the system only.
pub async fn run(loaded: Loaded, args: &Args) -> Done {
    let config = &loaded.config;
    let Some(source) = config.database_url.expose().strip_prefix("sqlite:") else {
        return Err(Failure::Wrong(format!(
            "PostgreSQL makes its own copies. Run:\n  pg_dump --format=custom --file={} '{}'\nand after it copy the folder \
             {}, where visitors' files are",
            default_name(clock::now(), "dump"),
            value::mask_url(config.database_url.expose()),
            config.data.join(FOLDER).display(),
        )));
    };
    if !Path::new(source.trim_start_matches("//")).is_file() {
        return Err(Failure::Failed(format!("there is no database yet: {}", serve::database(config))));
    }
    let file = target(config, args)?;
    let secret = config.data.join(SECRET);
    let secret_copy = file.with_extension("secret");
    if args.with_secret && !secret.is_file() {
        return Err(Failure::Failed(format!("there is no secret to copy at {}", secret.display())));
    }
    let (files, files_copy) = (config.data.join(FOLDER), file.with_extension(FOLDER));
    if files_copy.exists() {
        return Err(there(&files_copy));
    }
    let _placeholder = create(&file)?;
    // Before and after, so that nothing is missing: see files/copy.rs.
    let copied = async {
        files::copy::copy(&files, &files_copy)?;
        copy(config, &file).await?;
        Ok(files::copy::copy(&files, &files_copy)?)
    };
    let count = match copied.await {
        Ok(count) => count,
        Err(error) => {
            let _ = fs::remove_file(&file);
            let _ = fs::remove_dir_all(&files_copy);
            return Err(error);
        }
    };
    out::line(format_args!("The database was copied to {}", file.display()));
    if count > 0 {
        let noun = if count == 1 { "file" } else { "files" };
        out::line(format_args!("{count} {noun} of visitors were copied to {}", files_copy.display()));
    }
    if args.with_secret {
        io::copy(&mut fs::File::open(&secret)?, &mut create(&secret_copy)?)?;
        out::line(format_args!("The secret was copied to {}", secret_copy.display()));
    }
    Ok(())
}

/// The file in the data folder that holds the secret.
const SECRET: &str = "secret";

async fn copy(config: &Config, file: &Path) -> Done {
    let store = Store::connect(config.database_url.expose()).await?;
    let result = store.backup(file).await;
    store.close().await;
    match result {
        Some(Err(error)) => Err(Failure::Failed(format!("the database cannot be copied: {error}"))),
        _ => Ok(()),
    }
}

fn target(config: &Config, args: &Args) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let folder = config.data.join("backups");
    private_folder(&folder)?;
    Ok(folder.join(default_name(clock::now(), "db")))
}

/// `parlor-2026-11-21T073000Z.db`. Pure.
fn default_name(at: Timestamp, ending: &str) -> String {
    let time = at.to_string().replace(':', "");
    format!("parlor-{}Z.{ending}", time.split('.').next().unwrap_or_default())
}

fn create(file: &Path) -> Result<fs::File, Failure> {
    private_file(file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => there(file),
        _ => Failure::Failed(format!("{} cannot be written: {error}", file.display())),
    })
}

fn there(path: &Path) -> Failure {
    Failure::Failed(format!("{} is there already; a copy never takes the place of another", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_named_by_the_second() {
        assert_eq!(default_name(Timestamp(1_795_246_200_123), "db"), "parlor-2026-11-21T073000Z.db");
    }
}
