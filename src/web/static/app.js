// Enhancements only: every form works without this file.
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  // What is sent without a form brings the token of the session as one does.
  var meta = document.querySelector('meta[name="csrf"]');
  var token = meta ? meta.content : "";
  var line = document.getElementById("line");
  var parsed = document.getElementById("parsed");
  var timer = 0;
  var latest = 0;
  function preview() {
    var mine = ++latest;
    if (!line.value.trim()) { parsed.replaceChildren(); return; }
    fetch("/lines/preview", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-csrf-token": token },
      body: "line=" + encodeURIComponent(line.value)
    }).then(function (answer) { return answer.ok ? answer.text() : ""; }).then(function (html) {
      if (mine !== latest) { return; }
      var page = new DOMParser().parseFromString(html, "text/html");
      parsed.replaceChildren.apply(parsed, Array.from(page.body.childNodes));
    }).catch(function () {});
  }
  // A form that shows what it would do, in the part of the page that it names.
  document.querySelectorAll("form[data-live]").forEach(function (form) {
    var wait = 0;
    var asked = 0;
    form.addEventListener("input", function () {
      clearTimeout(wait);
      wait = setTimeout(function () {
        var mine = ++asked;
        fetch(form.action, {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded", "x-csrf-token": token, accept: "text/html" },
          body: new URLSearchParams(new FormData(form)).toString()
        }).then(function (answer) { return answer.ok ? answer.text() : ""; }).then(function (html) {
            var there = document.getElementById(form.dataset.live);
            var found = new DOMParser().parseFromString(html, "text/html").getElementById(form.dataset.live);
            if (mine === asked && there && found) { there.replaceChildren.apply(there, Array.from(found.childNodes)); }
          }).catch(function () {});
      }, 250);
    });
  });
  if (line && parsed) {
    line.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(preview, 250); });
    if (line.value) { preview(); }
    document.addEventListener("keydown", function (event) {
      if ((event.metaKey || event.ctrlKey) && event.key === "Enter" && document.activeElement === line) { line.form.submit(); }
    });
  }
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    button.addEventListener("click", function () {
      var source = document.querySelector(button.dataset.copy);
      var text = "value" in source ? source.value : source.textContent;
      var words = button.querySelector("span") || button;
      function done() {
        button.dataset.label = button.dataset.label || words.textContent;
        words.textContent = button.dataset.done || "✓";
        button.dataset.copied = "yes";
        setTimeout(function () { words.textContent = button.dataset.label; }, 2000);
      }
      function select() {
        // Without a secure context there is no clipboard: the text is selected, and copied where the browser lets us.
        if (source.select) { source.select(); } else { getSelection().selectAllChildren(source); }
        if (document.execCommand("copy")) { done(); }
      }
      var rich = button.dataset.rich && document.querySelector(button.dataset.rich);
      if (navigator.clipboard && window.isSecureContext) {
        // Documents take the rich form, editors the Markdown: both are on the clipboard at once.
        var both = rich && window.ClipboardItem && navigator.clipboard.write && navigator.clipboard.write([new ClipboardItem({
          "text/html": new Blob([rich.innerHTML], { type: "text/html" }),
          "text/plain": new Blob([text], { type: "text/plain" })
        })]);
        (both || navigator.clipboard.writeText(text)).then(done, select);
      } else { select(); }
    });
  });
  // A postmortem: each section is saved while the person types, and the soft lock is renewed.
  document.querySelectorAll("form[data-autosave]").forEach(function (form) {
    var status = form.querySelector(".status");
    var version = form.querySelector("[name=version]");
    var box = form.parentNode.querySelector(".hintbox");
    var preview = form.parentNode.querySelector(".preview");
    var both = form.querySelector(".both");
    var wait = 0;
    var busy = false;
    var dirty = false;
    var clash = false;
    function say(words) { if (status) { status.textContent = words; } }
    function body() {
      var fields = new URLSearchParams(new FormData(form));
      fields.set("auto", "1");
      return fields;
    }
    function showHints(hints) {
      if (!box) { return; }
      box.hidden = hints.length === 0;
      box.querySelector("ul").replaceChildren.apply(box.querySelector("ul"), hints.map(function (hint) {
        var item = document.createElement("li");
        var quote = document.createElement("q");
        quote.textContent = hint.sentence;
        item.append(quote, document.createElement("br"), hint.advice);
        return item;
      }));
    }
    function showTheirs(answer) {
      if (!both || answer.theirs === null || answer.theirs === undefined) { return; }
      both.hidden = false;
      both.querySelector(".theirs").textContent = answer.theirs;
      var apart = form.querySelector(".apart");
      var lines = apart && apart.querySelector(".lines");
      if (lines && answer.apart) {
        var page = new DOMParser().parseFromString(answer.apart, "text/html");
        lines.replaceChildren.apply(lines, Array.from(page.body.childNodes));
        apart.querySelector(".meanwhile").href = answer.meanwhile;
        apart.hidden = false;
      }
    }
    function save() {
      if (busy) { return; }
      busy = true;
      dirty = false;
      say(form.dataset.saving);
      fetch(form.action, { method: "POST", headers: { "x-csrf-token": token }, body: body() }).then(function (answer) {
        return answer.json().then(function (told) { return { ok: answer.ok, told: told }; });
      }).then(function (result) {
        busy = false;
        if (result.ok) {
          if (result.told.version) { version.value = result.told.version; }
          say(result.told.message);
          showHints(result.told.hints);
          if (preview) {
            var page = new DOMParser().parseFromString(result.told.html, "text/html");
            preview.replaceChildren.apply(preview, Array.from(page.body.childNodes));
          }
          if (dirty) { save(); }
        } else {
          say(result.told.message || result.told.detail || form.dataset.failed);
          if (result.told.theirs !== undefined && result.told.theirs !== null) {
            // Both texts stand side by side; nothing is saved by itself any more, the button saves over theirs knowingly.
            clash = true;
            showTheirs(result.told);
            version.value = result.told.version;
          }
        }
      }).catch(function (error) {
        busy = false;
        dirty = true;
        say(form.dataset.failed + error.message);
      });
    }
    form.addEventListener("input", function () {
      dirty = true;
      clearTimeout(wait);
      if (clash) { return; }
      wait = setTimeout(save, 1200);
    });
    form.addEventListener("submit", function () { clearTimeout(wait); dirty = false; });
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "hidden" && dirty && !busy && !clash) {
        clearTimeout(wait);
        dirty = false;
        fetch(form.action, { method: "POST", headers: { "x-csrf-token": token }, body: body(), keepalive: true }).then(function (answer) {
          return answer.ok ? answer.json() : null;
        }).then(function (told) { if (told && told.version) { version.value = told.version; } }).catch(function () { dirty = true; });
      }
    });
  });
  var writers = document.querySelector("[data-lock]");
  if (writers) {
    // Who begins to write says so, and goes on saying it; who only reads does not.
    var writing = false;
    var hold = function () {
      if (document.visibilityState === "hidden") { return; }
      fetch(writers.dataset.lock, { method: "POST", headers: { "x-csrf-token": token } }).then(function (answer) { return answer.ok ? answer.json() : null; }).then(function (told) {
        if (!told) { return; }
        writers.hidden = !told.message;
        writers.textContent = told.message;
      }).catch(function () {});
    };
    document.addEventListener("focusin", function (event) {
      if (writing || !event.target.closest("form[data-autosave]")) { return; }
      writing = true;
      hold();
      setInterval(hold, 45000);
    });
  }
}());
