//! Files on their way: checked before they go, with progress, which only XMLHttpRequest tells.

use super::{
    app::App,
    core::{
        check,
        read::{self, Value},
    },
    host::Listener,
    http::{self, Fault},
    identity::uuid,
    json,
};
use crate::wire::rich::FileRef;
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{File, FormData, XmlHttpRequest};

/// The most files of one message.
const MOST: usize = 12;

/// A file that goes with the next message.
pub struct Upload {
    pub key: String,
    pub name: String,
    /// From 0 to 100.
    pub percent: u32,
    pub done: Option<FileRef>,
    pub fault: Option<String>,
    request: Option<XmlHttpRequest>,
}

impl Upload {
    /// Whether it still goes.
    pub fn runs(&self) -> bool {
        self.done.is_none() && self.fault.is_none()
    }
}

/// What may be uploaded: the most bytes, and the media types; `None`: nothing.
pub fn limits(app: &App) -> Option<(f64, Vec<String>)> {
    let on = read::text(&app.options, "upload").as_deref() != Some("off");
    let most = app.setting_number("upload_bytes").unwrap_or_default();
    let types = app.setting("upload_types").map(|types| types.items()).unwrap_or_default();
    (on && most > 0.0).then(|| (most, types.iter().filter_map(JsValue::as_string).collect()))
}

/// Takes files of the visitor's: a list of them.
pub fn add(app: &Rc<App>, files: &JsValue) {
    let Some((most, types)) = limits(app) else { return };
    for file in files.items() {
        let file: File = file.unchecked_into();
        let key = uuid();
        let is_full = app.state.borrow().uploads.len() >= MOST;
        let fault = if is_full {
            Some(app.t1("file.too_many", &MOST.to_string()))
        } else {
            check::file_fault(file.size(), &file.type_(), most, &types).map(|text| app.t1(text, &check::size(most)))
        };
        let (name, percent) = (file.name(), 0);
        let refused = fault.is_some();
        if is_full {
            app.fail(&Fault::Refused(0, fault.unwrap_or_default(), None));
            return;
        }
        let upload = Upload { key: key.clone(), name, percent, done: None, fault, request: None };
        app.state.borrow_mut().uploads.push(upload);
        if !refused {
            let app = app.clone();
            super::host::spawn(async move {
                let outcome = go(&app, &key, &file).await;
                app.change_upload(&key, |upload, app| match &outcome {
                    Ok(file) => upload.done = Some(file.clone()),
                    Err(Fault::Refused(_, message, _)) if !message.is_empty() => upload.fault = Some(message.clone()),
                    Err(_) => upload.fault = Some(app.t("file.failed")),
                });
            });
        }
    }
    app.changed();
}

/// Takes one back.
pub fn remove(app: &Rc<App>, key: &str) {
    let mut state = app.state.borrow_mut();
    let at = state.uploads.iter().position(|upload| upload.key == key);
    let gone = at.map(|at| state.uploads.remove(at));
    drop(state);
    if let Some(request) = gone.and_then(|upload| upload.request) {
        let _ = request.abort();
    }
    app.changed();
}

impl App {
    fn change_upload(self: &Rc<Self>, key: &str, change: impl FnOnce(&mut Upload, &Self)) {
        if let Some(upload) = self.state.borrow_mut().uploads.iter_mut().find(|upload| upload.key == key) {
            change(upload, self);
        }
        self.changed();
    }
}

async fn go(app: &Rc<App>, key: &str, file: &File) -> Result<FileRef, Fault> {
    let mut renewed = false;
    loop {
        let token = http::token(app, renewed).await?;
        match request(app, key, file, &token).await {
            Err(Fault::Refused(401, ..)) if !renewed => renewed = true,
            other => return other,
        }
    }
}

async fn request(app: &Rc<App>, key: &str, file: &File, token: &str) -> Result<FileRef, Fault> {
    let request = XmlHttpRequest::new().map_err(|_| Fault::Network)?;
    let form = FormData::new().map_err(|_| Fault::Network)?;
    let _ = form.append_with_blob_and_filename("file", file, &file.name());
    let address = read::text(&app.options, "uploadUrl").unwrap_or_else(|| [&app.server, "/v1/widget/files"].concat());
    request.open_with_async("POST", &address, true).map_err(|_| Fault::Network)?;
    let client_id = app.state.borrow().client_id.clone().unwrap_or_default();
    for (name, value) in app.extra_headers() {
        let _ = request.set_request_header(&name, &value);
    }
    for (name, value) in [
        ("X-Widget-Api-Key", app.key.as_str()),
        ("X-Client-Id", &client_id),
        ("Authorization", &["Bearer ", token].concat()),
    ] {
        let _ = request.set_request_header(name, value);
    }
    let progress = {
        let (app, key) = (app.clone(), key.to_owned());
        let target = request.upload().map_err(|_| Fault::Network)?;
        Listener::new(&target, "progress", move |event| {
            let percent = match (read_number(&event, "loaded"), read_number(&event, "total")) {
                (Some(loaded), Some(total)) if total > 0.0 => (loaded / total * 100.0) as u32,
                _ => 0,
            };
            app.change_upload(&key, |upload, _| upload.percent = percent);
        })
    };
    app.change_upload(key, |upload, _| upload.request = Some(request.clone()));
    let mut ended = None;
    let over = Promise::new(&mut |resolve, _| {
        ended = Some(Listener::new(&request, "loadend", move |_| {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }));
        let _ = request.send_with_opt_form_data(Some(&form));
    });
    let _ = super::host::wait(over.into()).await;
    drop((progress, ended));
    let body = json::parse(&request.response_text().ok().flatten().unwrap_or_default());
    match request.status().unwrap_or_default() {
        0 => Err(Fault::Network),
        200..300 => {
            let file = body.get("files").and_then(|files| read::file(files.items().first()?));
            file.ok_or_else(|| Fault::Refused(0, app.t("file.failed"), None))
        }
        status => {
            let message = body.get("error").and_then(|error| read::text(&error, "message")).unwrap_or_default();
            Err(Fault::Refused(status, message, None))
        }
    }
}

fn read_number(event: &JsValue, name: &str) -> Option<f64> {
    js_sys::Reflect::get(event, &name.into()).ok()?.as_f64()
}
