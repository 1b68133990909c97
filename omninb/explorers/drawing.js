// A figure in JupyterLab, drawn anew in place when the kernel sends another; clicks go back to it.
const shared = Symbol.for("omninb.plotly");

// plotly.js comes from the kernel, once for all drawings of a page: nothing is fetched elsewhere.
function library(model) {
  globalThis[shared] ??= new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      delete globalThis[shared];
      reject(new Error("the kernel did not answer"));
    }, 60000);
    const hear = (message, buffers) => {
      if (message.answer !== "plotly") return;
      clearTimeout(late);
      model.off("msg:custom", hear);
      const source = new TextDecoder().decode(buffers[0]);
      const module = { exports: {} };
      new Function("module", "exports", "define", source)(module, module.exports, undefined);
      resolve(module.exports);
    };
    model.on("msg:custom", hear);
    model.send({ ask: "plotly" });
  });
  return globalThis[shared];
}

function made(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function saved(message, buffers) {
  const link = URL.createObjectURL(new Blob([buffers[0]], { type: message.type }));
  made("a", { href: link, download: message.name }).click();
  setTimeout(() => URL.revokeObjectURL(link), 1000);
}

function tools(model, sheet) {
  const said = made("span", { className: "omninb-said" });
  said.setAttribute("role", "status");
  const say = (text) => {
    said.textContent = text;
    setTimeout(() => (said.textContent = ""), 4000);
  };
  const text = made("pre", {});
  const fold = made("details", {}, made("summary", { textContent: "Code" }), text);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(model.get("code"));
      say("Copied.");
    } catch {
      fold.open = true;
      getSelection().selectAllChildren(text);
      say("Selected: copy it with the keyboard.");
    }
  };
  const picture = async () =>
    (await library(model)).downloadImage(sheet, {
      format: "png", scale: 2, filename: model.get("name"),
      width: sheet.layout.width, height: sheet.layout.height,
    });
  const buttons = [
    ["Copy as code", copy],
    ["Save table", () => model.send({ ask: "table" })],
    ["Save figure (HTML)", () => model.send({ ask: "html" })],
    ["Save figure (PNG)", picture],
  ].map(([label, act]) => made("button", { type: "button", textContent: label, onclick: act }));
  for (const button of buttons.slice(2)) button.classList.add("omninb-of-figure");
  const show = () => (text.textContent = model.get("code"));
  model.on("change:code", show);
  show();
  return made("div", { className: "omninb-tools" }, ...buttons, said, fold);
}

// What ipywidgets leaves out: keys that are JupyterLab's own ("v" pastes a cell) stay in a control
// that has the focus, a slider has its label's name, and buttons of a choice say which is pressed.
function tell(explorer) {
  const all = (selector) => [...(explorer?.querySelectorAll(selector) ?? [])];
  for (const one of all("button, select, input, summary, [tabindex], [contenteditable]")) {
    one.dataset.lmSuppressShortcuts = "true";
  }
  for (const one of all(".widget-toggle-buttons button")) {
    one.setAttribute("aria-pressed", one.classList.contains("mod-active"));
  }
  for (const slider of all(".widget-slider")) {
    const [handle, label, readout] = ["[role=slider]", "label", ".widget-readout"].map((one) =>
      slider.querySelector(one),
    );
    handle?.setAttribute("aria-label", label?.textContent ?? "");
    handle?.setAttribute("aria-valuetext", readout?.textContent ?? "");
    readout?.setAttribute("tabindex", "-1"); // the handle says the same
  }
}

// A table that scrolls is reached by keys.
function reachable(page) {
  const scrolls = page.scrollHeight > page.clientHeight || page.scrollWidth > page.clientWidth;
  page.tabIndex = scrolls ? 0 : -1;
}

function render({ model, el }) {
  const sheet = made("div", { className: "omninb-sheet" });
  sheet.setAttribute("role", "img");
  const page = made("div", { className: "omninb-page" });
  page.setAttribute("role", "group");
  page.setAttribute("aria-label", "Table");
  el.classList.add("omninb-drawing");
  const fault = made("div", {});
  el.append(sheet, fault, page, tools(model, sheet));
  let drawn = Promise.resolve();
  let listening = false;
  const draw = () => {
    const anew = async () => {
      el.classList.toggle("omninb-table-only", !model.get("figure"));
      page.innerHTML = model.get("page"); // omninb's own table, every text in it escaped
      if (!model.get("figure")) {
        sheet.dataset.drawn = model.get("drawn");
        return;
      }
      const plotly = await library(model);
      const figure = JSON.parse(model.get("figure"));
      await plotly.react(sheet, figure.data, figure.layout, { displayModeBar: false });
      sheet.setAttribute("aria-label", figure.layout.meta?.alt ?? model.get("name"));
      sheet.dataset.drawn = model.get("drawn");
      if (listening) return;
      listening = true;
      sheet.on("plotly_click", ({ points }) => {
        const row = points[0]?.customdata;
        if (row) model.send({ click: row, mark: points[0].data.name ?? "" });
      });
    };
    // One that fails is said, and must not keep the next from being drawn.
    drawn = drawn
      .then(anew)
      .then(
        () => fault.replaceChildren(),
        (error) => {
          const textContent = `This could not be drawn: ${error.message}.`;
          fault.replaceChildren(made("div", { className: "omninb-error", role: "alert", textContent }));
        },
      )
      .then(() => tell(el.closest(".omninb-explorer")))
      .then(() => reachable(page));
  };
  const hear = (message, buffers) => message.answer === "file" && saved(message, buffers);
  model.on("change:drawn", draw);
  model.on("msg:custom", hear);
  const room = new ResizeObserver(() => {
    tell(el.closest(".omninb-explorer"));
    reachable(page);
    const wide = Math.floor(el.clientWidth);
    if (wide > 0 && wide !== model.get("room")) {
      model.set("room", wide);
      model.save_changes();
    }
  });
  room.observe(el);
  draw();
  return () => {
    room.disconnect();
    model.off("change:drawn", draw);
    model.off("msg:custom", hear);
  };
}

export default { render };
