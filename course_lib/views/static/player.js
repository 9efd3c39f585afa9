// Plays a Scene: the drawing functions write the same markup as svg.py, character for character; the rest is the controls.
(() => {
  if (globalThis.scenePlayer) { globalThis.scenePlayer.mountAll(); return; }
  const SANS = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif';
  const MONO = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
  const DASH = { w: "5 2", cols: "2 2", blue: "7 2 2 2" };

  // ---- drawing: items -> markup
  const n = (value) => String(Math.floor(value * 100 + 0.5) / 100);
  const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  const paint = (name) => `var(--scene-${name})`;
  const font = (item) => `font-family="${escape(item.font === "mono" ? MONO : SANS)}" font-size="${n(item.size ?? 14)}"` +
    ("weight" in item ? ` font-weight="${item.weight}"` : "");

  function style(item, fill = "none") {
    const inside = item.fill ?? fill;
    let out = `fill="${inside === "none" ? inside : paint(inside)}"`;
    if ("alpha" in item) out += ` fill-opacity="${n(item.alpha)}"`;
    if ("stroke" in item) {
      out += ` stroke="${paint(item.stroke)}" stroke-width="${n(item.sw ?? 1.5)}"`;
      if (item.dash) out += ` stroke-dasharray="${item.dash}"`;
    }
    return out;
  }

  function hatching(x, y, w, h, angle, gap) {
    let out = "";
    if (angle === 0) for (let i = 1; i < Math.ceil(h / gap); i++) out += `M${n(x)} ${n(y + i * gap)}h${n(w)}`;
    else if (angle === 90) for (let i = 1; i < Math.ceil(w / gap); i++) out += `M${n(x + i * gap)} ${n(y)}v${n(h)}`;
    else {
      const step = gap * 1.5;
      for (let i = 1; i < Math.ceil((w + h) / step); i++) {
        const d = i * step, x1 = Math.min(d, w), x2 = Math.max(0, d - h);
        let y1 = Math.max(0, d - w), y2 = Math.min(d, h);
        if (angle === -45) { y1 = h - y1; y2 = h - y2; }
        out += `M${n(x + x1)} ${n(y + y1)}L${n(x + x2)} ${n(y + y2)}`;
      }
    }
    return out;
  }

  function rect(item) {
    const { x, y, w, h } = item;
    const round = "rx" in item ? ` rx="${n(item.rx)}"` : "";
    let out = `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"${round} ${style(item, "faint")}/>`;
    if (item.hatch != null) out += `<path d="${hatching(x, y, w, h, item.hatch, h < 24 ? 5 : 8)}" fill="none" stroke="${paint("paper")}" stroke-width="1.2"/>`;
    return out;
  }

  function line(item) {
    const { x1, y1, x2, y2 } = item;
    let out = `<path d="M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}" ${style({ stroke: "muted", ...item })}/>`;
    const length = Math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
    if (item.arrow && length > 0) {
      const ux = (x2 - x1) / length, uy = (y2 - y1) / length, bx = x2 - 8 * ux, by = y2 - 8 * uy;
      const head = `M${n(x2)} ${n(y2)}L${n(bx - 4 * uy)} ${n(by + 4 * ux)}L${n(bx + 4 * uy)} ${n(by - 4 * ux)}Z`;
      out += `<path d="${head}" fill="${paint(item.stroke ?? "muted")}"/>`;
    }
    return out;
  }

  function text(item) {
    const anchor = "anchor" in item ? ` text-anchor="${item.anchor}"` : "";
    const turn = "turn" in item ? ` transform="rotate(${n(item.turn)} ${n(item.x)} ${n(item.y)})"` : "";
    const halo = item.halo ? ` stroke="${paint("paper")}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"` : "";
    const head = `<text x="${n(item.x)}" y="${n(item.y)}" ${font(item)}${anchor}${turn}${halo} fill="${paint(item.paint ?? "ink")}">`;
    if (!("lines" in item)) return `${head}${escape(item.text ?? "")}</text>`;
    const lead = item.lead ?? (item.size ?? 14) * 1.5;
    let out = "";
    item.lines.forEach((spans, i) => spans.forEach(([words, colour, heavy], j) => {
      const place = j === 0 ? ` x="${n(item.x)}" y="${n(item.y + i * lead)}"` : "";
      out += `<tspan${place} fill="${paint(colour)}"${heavy ? ` font-weight="${heavy}"` : ""}>${escape(words.replaceAll(" ", "\u00a0"))}</tspan>`;
    }));
    return `${head}${out}</text>`;
  }

  function shown(item) {
    const { rows, cols } = item;
    if (!("upto" in item)) return [[0, 0, rows, cols]];
    const byRow = (item.order ?? "row") === "row";
    const [long, short] = byRow ? [cols, rows] : [rows, cols];
    const full = Math.min(Math.floor(item.upto / long), short), part = item.upto % long;
    const out = full ? [[0, 0, full, long]] : [];
    if (part && full < short) out.push([full, 0, 1, part]);
    return byRow ? out : out.map(([r, c, h, w]) => [c, r, w, h]);
  }

  function isShown(item, row, col) {
    if (!("upto" in item)) return true;
    return ((item.order ?? "row") === "row" ? row * item.cols + col : col * item.rows + row) < item.upto;
  }

  function grid(item) {
    const { x, y, rows, cols, w, h, role } = item;
    let out = "";
    if ("upto" in item) out += `<rect x="${n(x)}" y="${n(y)}" width="${n(cols * w)}" height="${n(rows * h)}" fill="${paint("faint")}"/>`;
    for (const [row, col, tall, wide] of shown(item)) {
      for (const [start, size, colour] of item.bands ?? [[0, rows, `${role}-soft`]]) {
        const top = Math.max(row, start), bottom = Math.min(row + tall, start + size);
        if (top < bottom) out += `<rect x="${n(x + col * w)}" y="${n(y + top * h)}" width="${n(wide * w)}" height="${n((bottom - top) * h)}" fill="${paint(colour)}"/>`;
      }
    }
    if ("pad" in item) out += padding(item);
    if ("tint" in item) out += tints(item);
    if (w >= 5 && h >= 5) {
      let lines = "";
      for (let i = 1; i < rows; i++) lines += `M${n(x)} ${n(y + i * h)}h${n(cols * w)}`;
      for (let j = 1; j < cols; j++) lines += `M${n(x + j * w)} ${n(y)}v${n(rows * h)}`;
      if (lines) out += `<path d="${lines}" fill="none" stroke="${paint("paper")}" stroke-width="${n(w >= 14 && h >= 14 ? 1.5 : 0.75)}"/>`;
    }
    if ("text" in item) out += cellTexts(item);
    const dash = DASH[role] ? ` stroke-dasharray="${DASH[role]}"` : "";
    return out + `<rect x="${n(x)}" y="${n(y)}" width="${n(cols * w)}" height="${n(rows * h)}" fill="none" stroke="${paint(role)}"` +
      ` stroke-width="${n(role === "oa" ? 2.5 : 1.5)}"${dash}/>`;
  }

  function inside(item, row, col) {
    const [top, bottom, left, right] = item.pad ?? [0, 0, 0, 0];
    return row >= top && row < item.rows - bottom && col >= left && col < item.cols - right;
  }

  function padding(item) {
    const { x, y, rows, cols, w, h } = item, [top, bottom, left, right] = item.pad;
    const x1 = x + left * w, y1 = y + top * h, wide = (cols - left - right) * w, tall = (rows - top - bottom) * h;
    const inner = `M${n(x1)} ${n(y1)}h${n(wide)}v${n(tall)}h${n(-wide)}z`;
    const ring = `M${n(x)} ${n(y)}h${n(cols * w)}v${n(rows * h)}h${n(-cols * w)}z${inner}`;
    let strokes = "";
    for (let r = 0; r < ("text" in item ? 0 : rows); r++) {
      for (let c = 0; c < cols; c++) if (!inside(item, r, c)) strokes += `M${n(x + (c + 0.2) * w)} ${n(y + (r + 0.8) * h)}l${n(0.6 * w)} ${n(-0.6 * h)}`;
    }
    return `<path d="${ring}" fill="${paint("paper")}" fill-rule="evenodd"/>` +
      (strokes && `<path d="${strokes}" fill="none" stroke="${paint("line")}" stroke-width="${n(w >= 10 ? 1 : 0.5)}"/>`) +
      `<path d="${inner}" fill="none" stroke="${paint(item.role)}" stroke-width="1"/>`;
  }

  function tints(item) {
    const { rows, cols } = item, runs = {}, pen = {}, tint = item.tint.replace(/(.)\{(\d+)\}/g, (_, level, count) => level.repeat(count));
    for (let r = 0; r < rows; r++) {
      let c = 0;
      while (c < cols) {
        const level = tint[r * cols + c], start = c;
        while (c < cols && tint[r * cols + c] === level && isShown(item, r, c)) c++;
        if (c === start) c++;
        else if (level !== "0") {
          const [px, py] = pen[level] ?? [0, 0];
          (runs[level] ??= []).push(`m${start - px} ${r - py}h${c - start}`);
          pen[level] = [c, r];
        }
      }
    }
    let out = `<g transform="translate(${n(item.x)} ${n(item.y + item.h / 2)}) scale(${n(item.w)} ${n(item.h)})" fill="none" stroke="${paint(item.role)}">`;
    for (const level of Object.keys(runs).sort()) out += `<path stroke-opacity="${n(parseInt(level, 16) / 15)}" d="${runs[level].join("")}"/>`;
    return `${out}</g>`;
  }

  function cellTexts(item) {
    const { x, y, rows, cols, w, h } = item, size = item.size ?? Math.min(w, h) * 0.42;
    let out = `<g ${font({ ...item, size })} text-anchor="middle" fill="${paint(item.paint ?? "ink")}">`;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++) {
        const word = item.text[r * cols + c];
        const grey = inside(item, r, c) ? "" : ` fill="${paint("muted")}"`;
        if (word && isShown(item, r, c)) out += `<text x="${n(x + (c + 0.5) * w)}" y="${n(y + (r + 0.5) * h + size * 0.35)}"${grey}>${escape(word)}</text>`;
      }
    }
    return `${out}</g>`;
  }

  function mark(item, items) {
    if (item.at == null) return "";
    const { x, y, w, h } = items[item.grid], [row, col] = item.at, [tall, wide] = item.size ?? [1, 1], [down, right] = item.step ?? [1, 1];
    const role = item.role, width = item.sw ?? (Math.min(w, h) >= 8 ? 2.5 : 1.5), colour = paint(role);
    const dash = item.dash ? ` stroke-dasharray="${item.dash}"` : "";
    const box = (r, c, rows, cols, attributes) => `<rect x="${n(x + c * w)}" y="${n(y + r * h)}" width="${n(cols * w)}" height="${n(rows * h)}" ${attributes}/>`;
    const fill = `fill="${colour}" fill-opacity="${n(item.alpha ?? 0.22)}"`;
    let out = "";
    if ((down === 1 || tall === 1) && (right === 1 || wide === 1)) {
      out += box(row, col, tall, wide, `${fill} stroke="${colour}" stroke-width="${n(width)}"${dash}`);
    } else {
      out += box(row, col, (tall - 1) * down + 1, (wide - 1) * right + 1, `fill="none" stroke="${colour}" stroke-width="${n(Math.min(width, 1.5))}" stroke-dasharray="4 3"`);
      for (let r = 0; r < tall; r++) for (let c = 0; c < wide; c++) out += box(row + r * down, col + c * right, 1, 1, `${fill} stroke="${colour}" stroke-width="${n(width)}"`);
    }
    if ("notes" in item && Math.min(w, h) >= 34) {
      out += `<g ${font({ size: Math.min(w, h) * 0.26, weight: 700 })} text-anchor="end" fill="${paint(role + "-text")}">`;
      for (let r = 0; r < tall; r++) {
        for (let c = 0; c < wide; c++) {
          const word = items[item.notes].text[r * wide + c];
          out += `<text x="${n(x + (col + c * right + 1) * w - 3.5)}" y="${n(y + (row + r * down + 1) * h - 3.5)}">×${escape(word)}</text>`;
        }
      }
      out += "</g>";
    }
    return out;
  }

  const KINDS = {
    rect, line, text, grid, mark,
    path: (item) => `<path d="${item.d}" ${style(item)}/>`,
    circle: (item) => `<circle cx="${n(item.x)}" cy="${n(item.y)}" r="${n(item.r)}" ${style(item, "faint")}/>`,
  };

  function group(name, items) {
    const item = items[name];
    if (item.hide) return `<g data-id="${escape(name)}"></g>`;
    const faded = "opacity" in item ? ` opacity="${n(item.opacity)}"` : "";
    const tip = item.tip ? `<title>${escape(item.tip)}</title>` : "";
    return `<g data-id="${escape(name)}"${faded}>${tip}${KINDS[item.kind](item, items)}</g>`;
  }

  // The items of one frame: all changes up to it, put on the first state.
  function stateAt(scene, frame) {
    const state = Object.fromEntries(scene.items.map((item) => [item.id, { ...item }]));
    for (const step of scene.frames.slice(0, frame + 1)) {
      for (const [name, changes] of Object.entries(step.set)) {
        Object.assign(state[name], changes);
        for (const key in changes) if (changes[key] === null) delete state[name][key];
      }
    }
    return state;
  }

  // ---- who lights up: the same arithmetic as scene.py's forward() and covers()
  function digits(index, radix) {
    const out = [];
    for (const base of [...radix].reverse()) { out.unshift(index % base); index = Math.floor(index / base); }
    return out;
  }

  function forward(link, row, col) {
    const d = [...digits(row, link.radix[0]), ...digits(col, link.radix[1])];
    const at = [link.row, link.col].map((way) => d.reduce((sum, digit, i) => sum + way[i + 1] * digit, way[0]));
    const names = link.pick == null ? link.to : [link.to[d[link.pick]]];
    return names.map((grid) => ({ kind: "mark", grid, at, size: link.size ?? [1, 1], step: link.step ?? [1, 1], role: link.role }));
  }

  const covers = (m, ...place) => place.every((at, i) => {
    const off = at - m.at[i];
    return off >= 0 && off % m.step[i] === 0 && off / m.step[i] < m.size[i];
  });

  function lit(scene, items, name, row, col) {
    const out = [];
    for (const link of scene.links) {
      if (link.from === name) out.push(...forward(link, row, col));
      else if (link.back && link.to.includes(name)) {
        const source = items[link.from];
        for (let r = 0; r < source.rows; r++) {
          for (let c = 0; c < source.cols; c++) {
            if (forward(link, r, c).some((m) => m.grid === name && covers(m, row, col))) {
              out.push({ kind: "mark", grid: link.from, at: [r, c], size: [1, 1], step: [1, 1], role: link.back });
            }
          }
        }
      }
    }
    return out;
  }

  const fill = (words, row, col, item) => words.replace(/\{(r|c)\}/g, (_, k) => (k === "r" ? row - (item.from?.[0] ?? 0) : col - (item.from?.[1] ?? 0)));

  // ---- controls
  const ICON = {
    first: "M3 2h2v12H3zM14 2v12L6 8z", back: "M12 2v12L4 8z", next: "M4 2v12l8-6z",
    play: "M4 2v12l10-6z", pause: "M3 2h4v12H3zM9 2h4v12H9z",
  };
  const icon = (name) => `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICON[name]}"/></svg>`;
  const element = (tag, name, parent, attributes = {}) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent?.append(made);
    return made;
  };
  const KEYS = { "data-lm-suppress-shortcuts": "true" }; // JupyterLab leaves the arrow keys to the element that has this

  function mount(figure, data, ask = () => {}) {
    let scene, items, frame = 0, timer = 0, drawn = {}, hovered = "";
    figure.replaceChildren();
    figure.classList.add("scene");
    for (const [key, value] of Object.entries({ ...KEYS, tabindex: "0", role: "group", "data-ready": "" })) figure.setAttribute(key, value);
    const title = element("p", "scene-title", figure);
    const failure = element("p", "scene-error", figure, { role: "alert", hidden: "" });
    const sliders = element("div", "scene-sliders", figure);
    const stage = element("div", "scene-stage", figure);
    const caption = element("p", "scene-caption", figure);
    const spoken = element("p", "", figure, { "aria-live": "polite" });
    spoken.style.cssText = "position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%)";
    const bar = element("div", "scene-bar", figure);
    const button = (name, label, act, key) => {
      const made = element("button", `scene-${name}`, bar, { type: "button", "aria-label": label, title: `${label} (${key})`, ...KEYS });
      made.innerHTML = icon(name);
      made.addEventListener("click", act);
      return made;
    };
    const first = button("first", "First frame", () => { pause(); go(0); }, "Home");
    const back = button("back", "One step back", () => { pause(); go(frame - 1); }, "left arrow");
    const play = button("play", "Play", () => (timer ? pause() : start()), "space");
    const next = button("next", "One step on", () => { pause(); go(frame + 1); }, "right arrow");
    const scrub = element("input", "scene-scrub", bar, { type: "range", min: "0", step: "1", "aria-label": "Frame", ...KEYS });
    scrub.addEventListener("input", () => { pause(); go(Number(scrub.value)); });
    const count = element("span", "scene-count", bar);
    const speed = element("select", "scene-speed", bar, { "aria-label": "Speed", ...KEYS });
    for (const times of [0.5, 1, 2, 4, 8]) element("option", "", speed, { value: times }).textContent = `${times}×`;
    speed.value = "1";
    speed.addEventListener("change", () => { if (timer) { pause(); start(); } });

    function draw(state) {
      const fresh = {};
      for (const name in state) fresh[name] = group(name, state);
      const svg = stage.firstElementChild;
      for (const name in fresh) if (fresh[name] !== drawn[name]) svg.querySelector(`:scope > [data-id="${CSS.escape(name)}"]`).outerHTML = fresh[name];
      drawn = fresh;
    }

    function go(to) {
      const last = scene.frames.length - 1;
      frame = Math.max(0, Math.min(last, to));
      items = stateAt(scene, frame);
      unhover();
      draw(items);
      caption.textContent = scene.frames[frame].caption;
      if (!timer) spoken.textContent = scene.frames[frame].caption;
      scrub.value = String(frame);
      scrub.setAttribute("aria-valuetext", `frame ${frame + 1} of ${last + 1}`);
      count.textContent = `${frame + 1} / ${last + 1}`;
      first.disabled = back.disabled = frame === 0;
      next.disabled = frame === last;
      figure.dataset.frame = String(frame);
    }

    function start() {
      if (frame === scene.frames.length - 1) go(0);
      timer = setInterval(() => {
        if (!figure.isConnected || frame === scene.frames.length - 1) pause();
        else { go(frame + 1); if (frame === scene.frames.length - 1) pause(); }
      }, 900 / Number(speed.value));
      play.innerHTML = icon("pause");
      play.setAttribute("aria-label", "Pause");
    }

    function pause() {
      clearInterval(timer);
      timer = 0;
      play.innerHTML = icon("play");
      play.setAttribute("aria-label", "Play");
      if (scene) spoken.textContent = scene.frames[frame].caption;
    }

    // -- hover: find the cell under the pointer, light what its links say
    function cellAt(event) {
      const svg = stage.firstElementChild;
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      for (const item of Object.values(items).reverse()) {
        if (item.kind === "grid" && !item.hide) {
          const row = Math.floor((place.y - item.y) / item.h), col = Math.floor((place.x - item.x) / item.w);
          if (row >= 0 && row < item.rows && col >= 0 && col < item.cols) return { item, row, col };
        }
      }
      const owner = event.target.closest?.("[data-id]");
      return owner && items[owner.dataset.id]?.tip ? { item: items[owner.dataset.id] } : null;
    }

    function told({ item, row, col }) {
      if (row === undefined) return item.tip;
      const known = isShown(item, row, col), value = known ? item.text?.[row * item.cols + col] : "";
      const name = item.cells?.[row * item.cols + col] ?? (item.name ? fill(item.name, row, col, item) : "");
      return inside(item, row, col) ? name + (value && item.name ? ` = ${value}` : known ? "" : ": not yet computed") : "zero padding: counts as 0";
    }

    function hover(event) {
      const hit = cellAt(event), key = hit ? `${hit.item.id} ${hit.row} ${hit.col}` : "";
      if (key === hovered) return;
      unhover();
      hovered = key;
      if (!hit) return;
      const { item, row, col } = hit, still = row === undefined ? null : frameOf(hit);
      let words = told(hit), state = items;
      if (still !== null) {
        // the formula and the words of the frame that computed this cell, without going there
        const then = stateAt(scene, still);
        state = { ...items };
        for (const name of scene.recall ?? []) state[name] = then[name];
        words = scene.frames[still].caption;
      }
      const marks = row === undefined ? [] : lit(scene, items, item.id, row, col);
      if (marks.length) {
        state = { ...state };
        for (const name in state) if (state[name].kind === "mark" && !state[name].keep) state[name] = { ...state[name], hide: true };
      }
      draw(state);
      if (marks.length) {
        marks.unshift({ kind: "mark", grid: item.id, at: [row, col], role: item.role === "ia" ? "w" : item.role });
        const svg = stage.firstElementChild;
        const layer = document.createElementNS("http://www.w3.org/2000/svg", "g");
        layer.setAttribute("class", "scene-hover");
        layer.setAttribute("pointer-events", "none");
        layer.innerHTML = marks.map((m) => mark(m, items)).join("");
        svg.append(layer);
      }
      if (words) { caption.textContent = words; caption.classList.add("hovering"); }
    }

    function unhover() {
      if (!hovered) return;
      hovered = "";
      stage.querySelector(".scene-hover")?.remove();
      caption.classList.remove("hovering");
      caption.textContent = scene.frames[frame].caption;
      draw(items);
    }

    function frameOf({ item, row, col }) {
      const index = item.frames?.[row * item.cols + col];
      return index === undefined || index === null || index < 0 ? null : index;
    }

    stage.addEventListener("pointermove", hover);
    stage.addEventListener("pointerleave", unhover);
    stage.addEventListener("click", (event) => {
      const hit = cellAt(event), to = hit && hit.row !== undefined ? frameOf(hit) : null;
      if (to !== null) { pause(); go(to); }
    });

    figure.addEventListener("keydown", (event) => {
      const tag = event.target.tagName;
      if (event.ctrlKey || event.metaKey || event.altKey || tag === "SELECT" || event.target.closest(".scene-sliders")) return;
      const last = scene.frames.length - 1;
      if (last === 0) return;
      const to = { ArrowRight: frame + 1, ArrowLeft: frame - 1, Home: 0, End: last }[event.key];
      if (to !== undefined) { pause(); go(to); }
      else if (event.key === " " && tag !== "BUTTON") { if (timer) pause(); else start(); }
      else return;
      event.preventDefault();
      event.stopPropagation();
    });

    function show(what) {
      scene = what;
      hovered = "";
      title.textContent = scene.title;
      drawn = {};
      items = stateAt(scene, 0);
      const parts = Object.keys(items).map((name) => (drawn[name] = group(name, items)));
      stage.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escape(scene.alt)}" viewBox="0 0 ${n(scene.width)} ${n(scene.height)}">${parts.join("")}</svg>`;
      stage.firstElementChild.style.maxWidth = `${scene.width * 1.15}px`;
      figure.setAttribute("aria-label", scene.title);
      scrub.max = String(scene.frames.length - 1);
      bar.hidden = scene.frames.length === 1;
      bar.style.display = bar.hidden ? "none" : "";
      caption.style.minHeight = bar.hidden ? "1.45em" : "";
      go(Math.min(frame, scene.frames.length - 1));
    }

    // -- sliders: precomputed variants, or values that a kernel is asked about
    function setSliders(knobs, chosen) {
      sliders.replaceChildren();
      sliders.style.display = knobs.length ? "" : "none";
      const values = knobs.map((_, i) => chosen[i]);
      knobs.forEach(({ name, values: choices, shown: words }, i) => {
        const label = element("label", "", sliders);
        element("b", "", label).textContent = name;
        const input = element("input", "", label, { type: "range", min: "0", max: String(choices.length - 1), step: "1", "aria-label": name, ...KEYS });
        input.value = String(values[i]);
        const out = element("output", "", label);
        const say = () => { out.textContent = words[values[i]]; input.setAttribute("aria-valuetext", words[values[i]]); };
        say();
        input.addEventListener("input", () => { values[i] = Number(input.value); say(); pause(); ask([...values]); });
      });
    }

    function update(what) {
      if (what.error) { failure.textContent = what.error; failure.hidden = false; } else failure.hidden = true;
      figure.classList.remove("waiting");
      if (what.scenes) {
        ask = (at) => {
          let index = 0;
          what.knobs.forEach((knob, i) => (index = index * knob.values.length + at[i]));
          show(what.scenes[what.which[index]]);
        };
        setSliders(what.knobs, what.start);
        ask(what.start);
      } else if (what.frames) show(what);
    }
    failure.hidden = true;
    sliders.style.display = "none";
    update(data);
    return { update, setSliders, go, figure };
  }

  function mountAll(root = document) {
    for (const figure of root.querySelectorAll("figure.scene:not([data-ready])")) {
      const data = figure.querySelector(":scope > script.scene-data");
      if (data) {
        try { mount(figure, JSON.parse(data.textContent)); } catch (error) { console.error("scene:", error); }
      }
    }
  }

  globalThis.scenePlayer = { mount, mountAll, stateAt, group };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => mountAll());
  else mountAll();
})();
