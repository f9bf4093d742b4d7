// Who may change something: a token is exchanged for a cookie that pages cannot read.
import { login } from "./api.js";
import { html, useState, Page, Card, Fault, Code } from "./ui.js";

export default function Login({ route, session, setSession }) {
  const [token, setToken] = useState(""), [error, setError] = useState(null);
  const send = async (event) => {
    event.preventDefault();
    try {
      setSession(await login({ token: token.trim() }));
      setError(null);
      location.hash = "#/";
    } catch (fault) {
      setError(fault);
    }
  };
  return html`<${Page} title="Sign in"
    lead="Looking and trying the model need no token on this machine.
    Whoever changes something shows one."><div class="two"><${Card} title="With a token">
    ${route.query.failed === "code" && html`<div class="fault" role="alert"><p>The link was used
      already, or
      is too old. A token does the same.</p></div>`}
    ${session && session.who !== "anonymous" && html`<p>You are signed in as
      <strong>${session.who}</strong>
      (${session.roles.join(", ")}).</p>`}
    <form class="stack" onSubmit=${send}><label>Token<input type="password" required
      value=${token}
      autocomplete="current-password" onInput=${(e) => setToken(e.target.value)}
      /></label><${Fault}
      error=${error} /><div><button class="primary">Sign in</button></div></form></${Card}>
    <${Card} title="Where the token is"><div class="stack"><p>The administrator's token is a file
      of the
      project:</p><${Code} label="in the project's folder" text="cat .rondo/token" /><p>One for a
      single
      purpose, with the roles that it needs:</p><${Code} label="in the project's folder"
      text="rondo token create NAME --role trainer --role deployer" /><p>And <code>rondo up</code>
      prints a
      link that signs in once.</p></div></${Card}></div></${Page}>`;
}
