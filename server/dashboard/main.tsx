import { render } from 'preact';
import { App } from './app.tsx';
import './style/tokens.css';
import './style/shell.css';
import './style/parts.css';
import './style/pages.css';

const place = document.getElementById('page');
if (place !== null) render(<App />, place);
