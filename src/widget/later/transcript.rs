//! The conversation as a text file.

use super::{
    app::App,
    host::{element, spawn, wait, window},
    http::{self, Fault},
    json,
};
use js_sys::Reflect;
use std::rc::Rc;
use web_sys::HtmlElement;

impl App {
    /// Saves the conversation as a text file.
    pub fn save_transcript(self: &Rc<Self>) {
        let id = self.state.borrow().thread.id;
        let Some(id) = id else { return };
        let app = self.clone();
        spawn(async move {
            let path = ["/v1/widget/conversations/", &id.to_string(), "/transcript"].concat();
            let outcome = async {
                let response = http::send(&app, "GET", &path, None, None).await?;
                let blob = response.blob().map_err(|_| Fault::Network)?;
                wait(blob.into()).await.map_err(|_| Fault::Network)
            };
            match outcome.await {
                Ok(blob) => {
                    let url = Reflect::get(&window(), &"URL".into()).unwrap_or_default();
                    let address = json::call(&url, "createObjectURL", &[blob]).and_then(|url| url.as_string());
                    if let (Some(address), Some(view)) = (address, app.view()) {
                        let about = [("href", &*address), ("download", "conversation.txt"), ("class", "unseen")];
                        let link: HtmlElement = element(&view.dialog, "a", &about);
                        link.click();
                        link.remove();
                        json::call(&url, "revokeObjectURL", &[address.into()]);
                    }
                }
                Err(fault) => app.fail(&fault),
            }
        });
    }
}
