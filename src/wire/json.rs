//! JSON that is handed on as it is: typed where it is made and where it is shown, text in between.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// One JSON value as its text. Reading checks that it is JSON and nothing more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Json(Box<str>);

impl Json {
    /// Of a value.
    ///
    /// # Errors
    /// Where it has no JSON, such as a map whose keys are no texts.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self(text.into_boxed_str()))
    }

    /// Of a text that a database or a network had; `None` when it is no JSON.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok()
    }

    /// Of a text that a JSON parser has written, which is not read again.
    pub fn parsed(text: String) -> Self {
        Self(text.into_boxed_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.clone().into_string()).map_err(ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer).map_err(de::Error::custom)?;
        Ok(Self(raw.get().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_handed_on_as_it_came() {
        let text = r#"{"type":"card","title":"A \"quoted\" one","n":[1,2.50,null]}"#;
        let json = Json::parse(text);
        assert_eq!(json.as_ref().map(Json::as_str), Some(text));
        assert_eq!(serde_json::to_string(&json).ok().as_deref(), Some(text));
        assert_eq!(Json::parse("{"), None);
    }
}
