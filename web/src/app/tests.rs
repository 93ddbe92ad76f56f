mod forms;
mod refresh;
mod reset;
mod sessions;
