//! Elements by their name, for text that is made of many kinds of them.
//!
//! `view!` has a type for each name of an element and each name of an attribute, and each type brings its own copy of
//! the code that builds, hydrates and changes it. Here all of them share one, which the bundle is 10 kB smaller for.

use leptos::{
    attr::{
        Attribute,
        any_attribute::{AnyAttribute, IntoAnyAttribute},
        custom::custom_attribute,
    },
    html::custom,
    prelude::*,
    tachys::{
        hydration::Cursor,
        ssr::StreamBuilder,
        view::{Position, PositionState, any_view::AnyViewState},
    },
    web_sys,
};

/// Attributes: names that are set as they stand, and what they say.
pub type Attributes = Vec<(&'static str, String)>;

/// A view, and what its nodes are reused for.
pub struct Element {
    shape: Shape,
    view: AnyView,
}

/// Nodes are reused for the same name with the same attributes.
#[derive(PartialEq)]
struct Shape(&'static str, Vec<&'static str>);

/// An element of that name; not one without an end such as `br`, which would be written with one.
pub fn element(tag: &'static str, attributes: Attributes, children: Vec<AnyView>) -> AnyView {
    let shape = Shape(tag, attributes.iter().map(|(name, _)| *name).collect());
    let attributes: Vec<AnyAttribute> =
        attributes.into_iter().map(|(name, value)| custom_attribute(name, value).into_any_attr()).collect();
    Element { shape, view: custom(tag).add_any_attr(attributes).child(children).into_any() }.into_any()
}

/// One of several views that take the place of each other. Erased, `.into_any()`, two of them may be of one type, and
/// then the nodes of the first would be changed into those of the second, with what was typed into them. Not with this.
pub fn branch(name: &'static str, view: impl IntoView) -> AnyView {
    Element { shape: Shape(name, Vec::new()), view: view.into_any() }.into_any()
}

/// An [`Element`] in the page.
pub struct Placed {
    shape: Shape,
    state: AnyViewState,
}

impl Render for Element {
    type State = Placed;

    fn build(self) -> Placed {
        Placed { shape: self.shape, state: self.view.build() }
    }

    fn rebuild(self, placed: &mut Placed) {
        if self.shape == placed.shape {
            self.view.rebuild(&mut placed.state);
        } else {
            let mut new = self.build();
            placed.insert_before_this(&mut new);
            placed.unmount();
            *placed = new;
        }
    }
}

impl RenderHtml for Element {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        self.view.dry_resolve();
    }

    async fn resolve(self) -> Self {
        Self { shape: self.shape, view: self.view.resolve().await }
    }

    fn html_len(&self) -> usize {
        self.view.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.view.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.view.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Placed {
        Placed { shape: self.shape, state: self.view.hydrate::<FROM_SERVER>(cursor, position) }
    }

    async fn hydrate_async(self, cursor: &Cursor, position: &PositionState) -> Placed {
        Placed { shape: self.shape, state: self.view.hydrate_async(cursor, position).await }
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl AddAnyAttr for Element {
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, attr: A) -> Self {
        Self { shape: self.shape, view: self.view.add_any_attr(attr).into_any() }
    }
}

impl Mountable for Placed {
    fn unmount(&mut self) {
        self.state.unmount();
    }

    fn mount(&mut self, parent: &web_sys::Element, marker: Option<&web_sys::Node>) {
        self.state.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.state.insert_before_this(child)
    }

    fn elements(&self) -> Vec<web_sys::Element> {
        self.state.elements()
    }
}
