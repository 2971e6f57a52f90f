import { Body, Controller, Header, HttpCode, Inject, Ip, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Recover, SetUp, SignedIn, SignIn } from '@ossea/api-contract';
import type { Request, Response } from 'express';
import { Answers } from '../http/answers.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { enteredView } from './access-views.js';
import { FirstAccess } from './first-access.js';
import { Open } from './open.js';
import { sessionCookie } from './session-cookie.js';
import type { Visitor } from './sessions.js';
import { SignIns, type Entered } from './sign-ins.js';

/** The ways in: the only routes that need no session, beside health without data. */
@ApiTags('access')
@Controller('api/v1/access')
export class DoorsController {
  constructor(
    private readonly signIns: SignIns,
    private readonly first: FirstAccess,
    @Inject(ACCESS_SETTINGS) private readonly settings: AccessSettings,
  ) {}

  @Post('set-up')
  @Open()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @Answers('Trades the one-time code of the first start for the first administrator', SignedIn, 201)
  async setUp(
    @Body({ schema: SetUp }) body: SetUp,
    @Ip() address: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedIn> {
    return this.letIn(await this.first.setUp(body, visitorOf(request, address)), response);
  }

  @Post('recover')
  @Open()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @Answers(
    'Gives the first administrator a new password, for a code that the appliance itself printed',
    SignedIn,
  )
  async recover(
    @Body({ schema: Recover }) body: Recover,
    @Ip() address: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedIn> {
    return this.letIn(await this.first.recover(body, visitorOf(request, address)), response);
  }

  @Post('sign-in')
  @Open()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @Answers('Begins a session: in a cookie for pages of this appliance, with a token for programs', SignedIn)
  async signIn(
    @Body({ schema: SignIn }) body: SignIn,
    @Ip() address: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SignedIn> {
    return this.letIn(await this.signIns.signIn(body, visitorOf(request, address)), response);
  }

  /** A program is told its secret; a page never sees it. */
  private letIn(entered: Entered, response: Response): SignedIn {
    const { secret, session } = entered;
    if (session.kind === 'bearer') return { ...enteredView(entered), token: secret };
    response.setHeader('Set-Cookie', sessionCookie(secret, session.expiresAt, this.settings.overTls));
    return enteredView(entered);
  }
}

function visitorOf(request: Request, address: string): Visitor {
  return { address, userAgent: request.headers['user-agent'] ?? '' };
}
