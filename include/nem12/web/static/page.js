"use strict";

// Inside Airflow's frame its theme counts, not the system's.
function followTheme() {
  try {
    if (window.parent === window) return;
    const outer = window.parent.document.documentElement;
    const follow = () => {
      const theme = ["dark", "light"].find((name) => outer.classList.contains(name));
      if (theme) document.documentElement.dataset.theme = theme;
    };
    follow();
    new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class"] });
  } catch { /* framed by something that may not be looked at */ }
}

// The frame may not navigate the window around it; an anchor of that window may.
function leaveFrame(event) {
  const link = event.target.closest("a[data-airflow]");
  if (!link || window.parent === window || event.ctrlKey || event.metaKey) return;
  try {
    const outer = window.parent.document.createElement("a");
    outer.href = link.href;
    window.parent.document.body.append(outer);
    event.preventDefault();
    outer.click();
    outer.remove();
  } catch { /* then it opens in the frame */ }
}

// What a form sends: its fields as text, a ticked box as true.
function fields(form) {
  const values = Object.fromEntries(new FormData(form));
  for (const box of form.querySelectorAll("input[type=checkbox]")) {
    if (box.name) values[box.name] = box.checked;
  }
  return values;
}

function told(body) {
  if (body.dag_run_id) return "Started: ";
  if ("lines" in body) return `Taken: ${body.lines} ${body.lines === 1 ? "entry" : "entries"}, ${body.removed} removed. Reload the page to see them.`;
  if ("said" in body) return "Set. Reload the page to see it.";
  return "Released: it will be loaded within seconds.";
}

// A file of a list goes into the text area beside it, where it can be looked at before it is sent.
async function fill(event) {
  const into = event.target.dataset?.into;
  if (into && event.target.files.length) {
    document.getElementById(into).value = await event.target.files[0].text();
  }
}

async function act(event) {
  const form = event.target.closest("form[data-action]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const said = form.querySelector("output");
  button.disabled = true;
  said.textContent = "…";
  try {
    const answer = await fetch(form.dataset.action, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields(form)),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail);
    if (form.dataset.then) {
      if (form.dataset.then === "reload") location.reload();
      else location.assign(form.dataset.then);
      return;
    }
    said.textContent = told(body);
    if (body.dag_run_id) {
      const link = document.createElement("a");
      link.href = form.dataset.airflowRoot + body.path;
      link.dataset.airflow = "";
      link.textContent = body.dag_run_id;
      said.append(link);
    }
  } catch (error) {
    said.textContent = `Failed: ${error.message}`;
    button.disabled = false;
  }
}

followTheme();
// On a phone the navigation is wider than the screen.
document.querySelector(".top [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
document.addEventListener("click", leaveFrame);
document.addEventListener("submit", act);
document.addEventListener("change", fill);
