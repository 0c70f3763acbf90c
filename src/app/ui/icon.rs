//! Icons: drawn here, 24 units wide, in one line of 1.7.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the name of each is what it shows")]
pub enum Icon {
    Alert,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Close,
    Continue,
    Copy,
    Device,
    Download,
    Edit,
    Eye,
    EyeOff,
    Logout,
    Menu,
    Moon,
    More,
    Plus,
    Refresh,
    Search,
    Send,
    Settings,
    Stop,
    Sun,
    SunMoon,
    Trash,
    User,
}

impl Icon {
    /// The path, in a field of 24 by 24.
    fn path(self) -> &'static str {
        match self {
            Self::Alert => "M12 4.5 3.5 19.5h17ZM12 10v4.5M12 17v.1",
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::ChevronDown => "m6 9 6 6 6-6",
            Self::ChevronLeft => "m15 6-6 6 6 6",
            Self::ChevronRight => "m9 6 6 6-6 6",
            Self::Close => "m6 6 12 12M18 6 6 18",
            Self::Continue => "M7.5 5.5v13l11-6.5Z",
            Self::Copy => {
                "M11 9h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-6a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2ZM15 9V7a2 2 0 0 0-2-2H7a2 2 0 0 0-2 2v6a2 2 0 0 0 2 2h2"
            }
            Self::Device => {
                "M5.5 5h13A1.5 1.5 0 0 1 20 6.5v8a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 14.5v-8A1.5 1.5 0 0 1 5.5 5ZM8.5 20h7M12 16v4"
            }
            Self::Download => "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14",
            Self::Edit => "M4.5 19.5 5.5 15 16 4.5l3.5 3.5L9 18.5ZM13.5 7l3.5 3.5",
            Self::Eye => {
                "M3 12c2.2-4 5.2-6 9-6s6.8 2 9 6c-2.2 4-5.2 6-9 6s-6.8-2-9-6ZM12 9.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4"
            }
            Self::EyeOff => {
                "M6.5 7.7C5.1 8.7 4 10.1 3 12c2.2 4 5.2 6 9 6 1.9 0 3.5-.5 5-1.4M10 6.2A10 10 0 0 1 12 6c3.8 0 6.8 2 9 6a14 14 0 0 1-1.7 2.5M4.5 4.5l15 15"
            }
            Self::Logout => "M10 4.5H6.5a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2H10M9.5 12H20M16 8l4 4-4 4",
            Self::Menu => "M4.5 7h15M4.5 12h15M4.5 17h15",
            Self::Moon => "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
            Self::More => {
                "M6 10.3a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M12 10.3a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4M18 10.3a1.7 1.7 0 1 1 0 3.4 1.7 1.7 0 0 1 0-3.4"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Refresh => "M5 12a7 7 0 0 1 12-5l2 2M19 12a7 7 0 0 1-12 5l-2-2M19 4v5h-5M5 20v-5h5",
            Self::Search => "M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M16 16l4 4",
            Self::Send => "M12 19V5M6 11l6-6 6 6",
            Self::Settings => {
                "M4 7h9M17 7h3M15 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4M4 17h3M11 17h9M9 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4"
            }
            Self::Stop => "M9 7h6a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2Z",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.8v2M12 19.2v2M2.8 12h2M19.2 12h2M5.5 5.5l1.4 1.4M17.1 17.1l1.4 1.4M18.5 5.5l-1.4 1.4M6.9 17.1l-1.4 1.4"
            }
            Self::SunMoon => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 4v16M12 8.5l5-2.5M12 13l7.5-3.5M12 17.5l6.5-3.2",
            Self::Trash => "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.2 11v5M13.8 11v5",
            Self::User => "M12 4.5a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4M4.8 19.5c.8-3.3 3.5-5 7.2-5s6.4 1.7 7.2 5",
        }
    }

    /// Whether it is a surface, not a line.
    fn solid(self) -> bool {
        matches!(self, Self::Stop | Self::More)
    }

    /// Whether it points along the line, and so the other way where the line runs from right to left.
    fn points(self) -> bool {
        matches!(self, Self::ChevronLeft | Self::ChevronRight | Self::Continue | Self::Logout)
    }
}

/// An icon, hidden from those who listen: whatever it stands in has the name.
#[component]
pub fn Svg(
    /// What it shows.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" class:solid=icon.solid() class:points=icon.points() viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=icon.path()></path>
        </svg>
    }
}
